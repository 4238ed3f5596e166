// The feeder's reading: scans, refills, low-water marks.
#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "queue/families.hpp"
#include "queue/feeder.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kRowBytes = 5;
/// A page of several lanes is closed at so many records: a slow one keeps no more than these in memory.
constexpr std::size_t kSharedPage = 64;

/// Of a key that is a record's by its length and prefix.
Row row_of(std::string_view key) { return get_be<kRowBytes>(key.data() + key.size() - kRowBytes); }

DueSecond due_of(std::string_view retry_key) {
  return retry_key.size() < 9 ? UINT32_MAX : static_cast<DueSecond>(get_be<4>(retry_key.data() + 5));
}

std::string due_key(StreamId stream, DueSecond due) {
  auto key = phase_begin(stream, Phase::retry);
  put_be<4>(key, due);
  return key;
}

}  // namespace

Feeder::Scan& Feeder::scan(const StreamPtr& stream, Phase phase) {
  const auto [at, fresh] = scans_.try_emplace({stream->id, phase});
  auto& out = at->second;
  if (!fresh) return out;
  out.stream = stream;
  out.phase = phase;
  out.cursor = std::max(ledger_.mark(stream->id, phase), phase_begin(stream->id, phase));
  out.marked = out.cursor;
  return out;
}

std::size_t Feeder::share() const {
  const auto active = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::count_if(scans_.begin(), scans_.end(), [](const auto& entry) {
        return entry.second.resident > 0 || !entry.second.at_end;
      })));
  return std::max<std::size_t>(options_.first_run * 4, options_.max_resident_records / active);
}

std::uint32_t Feeder::home_of(std::string_view domain) const {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(domain) % workers_.size());
}

bool Feeder::wants_reading(Scan& scan) const {
  const auto now = clock_.now();
  if (!scan.stream->may_send(now)) return false;
  if (resident_ >= options_.max_resident_records || lanes_.size() >= options_.max_resident_lanes)
    return false;
  if (scan.phase == Phase::first) {
    if (scan.at_end && !scan.dirty.empty()) {
      scan.cursor = std::move(scan.dirty);
      scan.dirty.clear();
      scan.at_end = false;
    }
    return !scan.at_end && scan.resident < share();
  }
  if (scan.crowded) scan.revisit = true;  // the table has room again: asked above
  scan.crowded = false;
  if (scan.revisit && scan.left_behind != UINT32_MAX) {
    scan.cursor = std::min(scan.cursor, due_key(scan.stream->id, scan.left_behind));
    scan.next_due = std::min(scan.next_due, scan.left_behind);
    scan.left_behind = UINT32_MAX;
  }
  scan.revisit = false;
  return scan.resident < share() && to_instant(scan.next_due) <= now;
}

bool Feeder::read_somewhere() {
  if (scans_.empty()) return false;
  auto at = scans_.upper_bound(turn_);
  for (std::size_t looked = 0; looked < scans_.size(); ++looked, ++at) {
    if (at == scans_.end()) at = scans_.begin();
    auto& candidate = at->second;
    if (!wants_reading(candidate)) continue;
    turn_ = at->first;
    candidate.phase == Phase::first ? read_first_page(candidate) : read_retry_page(candidate);
    const std::lock_guard lock(stats_mutex_);
    ++stats_.pages_read;
    return true;
  }
  return false;
}

/// Lane after lane in key order. Records of many small lanes share a page: what a record costs is then not a
/// page of its own.
void Feeder::read_first_page(Scan& scan) {
  const auto end = phase_end(scan.stream->id, Phase::first);
  const auto cursor = database_.cursor(kRecords, scan.cursor, end);
  auto page = std::make_shared<Page>(read_at_);
  std::vector<Part> parts;
  std::size_t taken = 0;
  while (cursor->valid() && taken < options_.page_records && lanes_.size() < options_.max_resident_lanes) {
    const auto key = RecordKey::decode(cursor->key());
    if (!key) {
      set_aside(cursor->key(), cursor->value());
      cursor->next();
      continue;
    }
    if (auto* lane = lanes_.find(key->stream, key->phase, key->domain)) {
      lane->exhausted = false;
      if (lane->wanted && !lane->parked_until) refill(*lane);
      cursor->seek(behind_domain(*key));
      continue;
    }
    auto& lane = lanes_.add(scan.stream, Phase::first, key->domain);
    lane.next_row = key->row;
    const auto first = static_cast<std::uint32_t>(page->size());
    const auto count = take_lane(scan, *cursor, lane, *page);
    if (count == 0) lanes_.remove(lane);
    if (count > 0) parts.push_back({&lane, first, count});
    taken += count;
    if (page->size() >= kSharedPage) emit(page, parts);
  }
  emit(page, parts);
  if (auto status = cursor->status(); !status) {
    log::error("queue_read_failed", {{"reason", status.error().text}});
    return;
  }
  scan.at_end = !cursor->valid();
  scan.cursor = cursor->valid() ? std::string(cursor->key()) : end;
}

/// The first run of a lane that was not in memory; the cursor stands at its first unread key.
std::uint32_t Feeder::take_lane(Scan& scan, store::Cursor& cursor, FeederLane& lane, Page& page) {
  lane.worker = home_of(lane.domain);
  lane.run_size = options_.first_run;
  lane.read_epoch = scan.epoch;
  lane.exhausted = true;
  const auto lane_key = lane.key_of(0);
  const auto prefix = std::string_view(lane_key).substr(0, lane_key.size() - kRowBytes);
  std::uint32_t count = 0;
  for (; cursor.valid() && cursor.key().starts_with(prefix); cursor.next()) {
    const auto row = row_of(cursor.key());
    if (count == options_.first_run) {
      lane.exhausted = false;
      lane.next_row = row;
      cursor.seek(lane.end());
      break;
    }
    if (page.add(cursor.key(), cursor.value())) {
      ++count;
    } else {
      set_aside(cursor.key(), cursor.value());
    }
    lane.next_row = row + 1;
  }
  return count;
}

void Feeder::refill(FeederLane& lane) {
  const auto& owner = scan(lane.stream, lane.phase);
  const bool tight = resident_ >= options_.max_resident_records;
  const std::uint32_t want = tight ? options_.first_run : lane.run_size;
  lane.run_size = std::min(lane.run_size * 2, options_.max_run);
  lane.read_epoch = owner.epoch;
  lane.exhausted = true;
  auto page = std::make_shared<Page>(read_at_);
  const auto cursor = database_.cursor(kRecords, lane.key_of(lane.next_row), lane.end());
  for (; cursor->valid(); cursor->next()) {
    const auto row = row_of(cursor->key());
    if (page->size() == want) {
      lane.exhausted = false;
      lane.next_row = row;
      break;
    }
    if (!page->add(cursor->key(), cursor->value())) set_aside(cursor->key(), cursor->value());
    lane.next_row = row + 1;
  }
  if (!cursor->status()) lane.exhausted = false;
  const auto count = static_cast<std::uint32_t>(page->size());
  if (count > 0) emit(lane, std::move(page), 0, count);
}

void Feeder::read_retry_page(Scan& scan) {
  const auto now_second = static_cast<DueSecond>(
      std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count());
  const auto cursor = database_.cursor(kRecords, scan.cursor, phase_end(scan.stream->id, Phase::retry));
  std::size_t taken = 0;
  do {
    const auto count = take_retries(scan, *cursor, now_second);
    if (count == 0) break;
    taken += count;
  } while (taken < options_.page_records);
  if (auto status = cursor->status(); !status)
    log::error("queue_read_failed", {{"reason", status.error().text}});
  scan.cursor = cursor->valid() ? std::string(cursor->key()) : due_key(scan.stream->id, now_second + 1);
  scan.next_due = cursor->valid() ? due_of(cursor->key()) : UINT32_MAX;
}

/// A page of retries, at most: those of one lane that follow each other are a run.
std::size_t Feeder::take_retries(Scan& scan, store::Cursor& cursor, DueSecond now) {
  auto page = std::make_shared<Page>(read_at_);
  std::vector<Part> parts;
  while (cursor.valid() && page->size() < kSharedPage && due_of(cursor.key()) <= now) {
    const auto key = RecordKey::decode(cursor.key());
    if (!key) {
      set_aside(cursor.key(), cursor.value());
      cursor.next();
      continue;
    }
    auto* lane = lanes_.find(key->stream, key->phase, key->domain);
    const bool full = lane != nullptr ? lane->parked_until || lane->rows.size() >= options_.retry_lane_records
                                      : lanes_.size() >= options_.max_resident_lanes;
    if (full) {
      (lane != nullptr ? lane->left_behind : scan.crowded) = true;
      scan.left_behind = std::min(scan.left_behind, key->due);
      cursor.seek(behind_domain(*key));
      continue;
    }
    if (lane != nullptr && !lane->add_row(key->due, key->row)) {
      cursor.next();
      continue;
    }
    const auto at = static_cast<std::uint32_t>(page->size());
    if (!page->add(cursor.key(), cursor.value())) {
      if (lane != nullptr) lane->erase_row(key->due, key->row);
      set_aside(cursor.key(), cursor.value());
      cursor.next();
      continue;
    }
    if (lane == nullptr) {
      lane = &lanes_.add(scan.stream, Phase::retry, key->domain);
      lane->worker = home_of(key->domain);
      lane->add_row(key->due, key->row);
    }
    if (!parts.empty() && parts.back().lane == lane) {
      ++parts.back().count;
    } else {
      parts.push_back({lane, at, 1});
    }
    cursor.next();
  }
  const auto count = page->size();
  emit(page, parts);
  return count;
}

/// New rows: straight to the workers when everything before them has been read; else the scan gets to them.
void Feeder::hand_over(Scan& scan, const Insertion& insertion) {
  const bool caught_up = scan.at_end && scan.dirty.empty() && insertion.page &&
                         scan.stream->may_send(clock_.now()) && scan.resident < share() &&
                         resident_ < options_.max_resident_records &&
                         lanes_.size() < options_.max_resident_lanes;
  if (!caught_up) {
    if (insertion.first_key < scan.cursor && (scan.dirty.empty() || insertion.first_key < scan.dirty)) {
      scan.dirty = insertion.first_key;
    }
    return;
  }
  const auto& records = insertion.page->records();
  for (std::uint32_t from = 0, to = 0; from < records.size(); from = to) {
    const auto& key = records[from].key;
    while (to < records.size() && records[to].key.domain == key.domain) ++to;
    auto* lane = lanes_.find(key.stream, key.phase, key.domain);
    if (lane == nullptr) {
      lane = &lanes_.add(scan.stream, Phase::first, key.domain);
      lane->worker = home_of(key.domain);
      lane->run_size = options_.first_run;
      lane->exhausted = true;
      lane->next_row = key.row;
    }
    if (key.row < lane->next_row) continue;  // a refill has met it on disk already
    if (lane->parked_until || !lane->exhausted) {
      lane->exhausted = false;
      continue;
    }
    lane->next_row = records[to - 1].key.row + 1;
    lane->read_epoch = insertion.epoch;
    emit(*lane, insertion.page, from, to - from);
  }
}

void Feeder::emit(FeederLane& lane, std::shared_ptr<const Page> page, std::uint32_t first,
                  std::uint32_t count) {
  auto& owner = scan(lane.stream, lane.phase);
  const LaneRef ref{lane.slot, lane.generation, lane.next_run++};
  lane.runs.push_back({ref.run, count, page->records()[first].key.row});
  lane.outstanding += count;
  owner.resident += count;
  resident_ += count;
  lane.wanted = false;
  {
    const std::lock_guard lock(stats_mutex_);
    stats_.records_read += count;
  }
  outgoing_[lane.worker].push_back(Run{lane.stream, lane.phase, ref, std::move(page), first, count});
}

/// Closes the page and begins the next.
void Feeder::emit(std::shared_ptr<Page>& page, std::vector<Part>& parts) {
  const std::shared_ptr<const Page> closed = std::exchange(page, std::make_shared<Page>(read_at_));
  for (const auto& part : parts) emit(*part.lane, closed, part.first, part.count);
  parts.clear();
}

void Feeder::hand_out() {
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    if (!outgoing_[worker].empty()) workers_[worker]->on_runs(std::exchange(outgoing_[worker], {}));
  }
}

/// A record that does not decode is kept, with its bytes, apart; its recipient gets a final so that accounts
/// balance.
void Feeder::set_aside(std::string_view key, std::string_view value) {
  {
    const std::lock_guard lock(stats_mutex_);
    ++stats_.damaged;
  }
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

std::string Feeder::low_water(const Scan& scan) const {
  auto low = scan.cursor;
  if (!scan.dirty.empty()) low = std::min(low, scan.dirty);
  if (scan.left_behind != UINT32_MAX) low = std::min(low, due_key(scan.stream->id, scan.left_behind));
  return low;
}

void Feeder::raise_marks(bool all) {
  std::map<std::pair<StreamId, Phase>, std::string> lows;
  for (const auto& [id, scan] : scans_) lows[id] = low_water(scan);
  lanes_.for_each([&](FeederLane& lane) {
    auto& low = lows[{lane.stream->id, lane.phase}];
    if (lane.phase == Phase::first) low = std::min(low, lane.key_of(lane.low()));
    if (lane.phase == Phase::retry && !lane.rows.empty()) {
      low = std::min(low, due_key(lane.stream->id, lane.rows.begin()->first));
    }
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
