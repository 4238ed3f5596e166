// What the feeder's reading leaves on disk: low-water marks, and damaged records set aside.
#include <algorithm>

#include "engine/base/log.hpp"
#include "queue/families.hpp"
#include "queue/feeder.hpp"

namespace sluice::queue {

/// A record that does not decode is kept, with its bytes, apart; its recipient gets a final so that accounts
/// balance.
void Feeder::set_aside(std::string_view key, std::string_view value) {
  ++damaged_;
  log::error("record_damaged", {{"key_bytes", key.size()}, {"value_bytes", value.size()}});
  auto apply = [this, key = std::string(key), value = std::string(value)](store::Batch& batch) {
    const auto decoded = RecordKey::decode(key);
    if (decoded && !ledger_.withdraw(batch, database_, *decoded)) return;  // a scan met it twice
    batch.put(kDamaged, key, value);
    if (!decoded) {
      batch.erase(kRecords, key);
      return;
    }
    Event event;
    event.kind = EventKind::bounced;
    event.time_ms = to_ms(clock_.now());
    event.stream = decoded->stream;
    event.id = MessageId::make(clock_.now(), 0, decoded->stream, decoded->row);
    event.domain = decoded->domain;
    event.stage = "queue";
    event.event_class = "damaged";
    std::string encoded;
    event.append_to(encoded);
    ledger_.add_event(batch, encoded);
    auto& counters = ledger_.touch(decoded->stream);
    counters.count(EventKind::bounced);
    if (decoded->phase == Phase::retry) --counters.retries_waiting;
  };
  committer_.submit(store::make_work(std::move(apply), [](const Expected<>&) {}), store::Urgency::soon);
}

/// Everything below is settled: the scan is past it, and no lane has it in memory or to read.
void Feeder::raise_marks(bool all) {
  std::map<Scan::Id, std::string> lows;
  for (const auto& [id, scan] : scans_) {
    auto& low = lows[id] = scan.cursor;
    if (!scan.dirty.empty()) low = std::min(low, scan.dirty);
    if (scan.left_behind != UINT32_MAX) low = std::min(low, due_begin(id.first, scan.left_behind));
  }
  lanes_.for_each([&](FeederLane& lane) {
    auto& low = lows[{lane.stream->id, lane.phase}];
    if (lane.phase == Phase::first) {
      low = std::min(low, lane.key_of(lane.low()));
      return;
    }
    if (!lane.rows.empty()) low = std::min(low, due_begin(lane.stream->id, lane.rows.front().first));
    if (lane.left_due) low = std::min(low, due_begin(lane.stream->id, *lane.left_due));
  });
  for (auto& [scan_id, scan] : scans_) {
    auto& low = lows[scan_id];
    if (!all && (low == scan.marked && scan.epoch == scan.marked_epoch)) continue;
    scan.marked = low;
    scan.marked_epoch = scan.epoch;
    auto apply = [this, id = scan_id, low, epoch = scan.epoch](store::Batch& batch) {
      ledger_.raise_mark(batch, id.first, id.second, low, epoch);
    };
    committer_.submit(store::make_work(std::move(apply), [](const Expected<>&) {}), store::Urgency::soon);
  }
}

}  // namespace sluice::queue
