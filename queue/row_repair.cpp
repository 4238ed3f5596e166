#include "queue/row_repair.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "queue/body_refs.hpp"
#include "queue/event.hpp"
#include "queue/event_log.hpp"
#include "queue/families.hpp"
#include "queue/outbox.hpp"
#include "queue/record.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kBatchBytes = 4u << 20;
constexpr std::uint64_t kMaxHole = 10'000'000;  ///< more missing events than this are no hole but other files

std::string stream_key(StreamId stream) {
  std::string key;
  put_be<4>(key, stream);
  return key;
}

std::string end_key() { return std::string(300, '\xff'); }

/// Puts `filler` where an event does not decode; how many.
std::uint64_t replace_damaged(std::vector<std::string_view>& events, std::string_view filler) {
  std::uint64_t count = 0;
  for (auto& event : events) {
    if (Event::decode(event)) continue;
    event = filler;
    ++count;
  }
  return count;
}

}  // namespace

RowRepair::RowRepair(store::Database& database, const DataFolders& folders, bool suspicious, Instant now)
    : db_(database), folders_(folders), suspicious_(suspicious), now_(now), batch_(database.make_batch()) {}

Expected<> RowRepair::commit() {
  std::string value;
  put_be<8>(value, seq_);
  batch_.put(kCounters, "seq", value);
  auto written = db_.write_synced(batch_);
  batch_.clear();
  return written;
}

Expected<> RowRepair::commit_if_large() { return batch_.bytes() < kBatchBytes ? Expected<>{} : commit(); }

void RowRepair::add_event(std::string_view encoded) {
  batch_.put(kOutbox, OutboxRow::key(++seq_), OutboxRow::value(encoded));
}

/// Streams, counters and the number of the last event, as far as they decode.
Expected<> RowRepair::load(RepairReport& report) {
  const auto streams = db_.cursor(kStreams, std::string(), end_key());
  for (; streams->valid(); streams->next()) {
    const auto decoded = decode_stream(streams->value());
    if (streams->key().size() == 4 && decoded) {
      streams_[static_cast<StreamId>(get_be<4>(streams->key().data()))] = decoded->second;
      continue;
    }
    report.add("stream settings set aside", 1, "stream " + hex(streams->key()) + "; its records go too");
    batch_.put(kDamaged, "stream " + std::string(streams->key()), streams->value());
    batch_.erase(kStreams, streams->key());
  }
  if (auto status = streams->status(); !status) return status;
  const auto counters = db_.cursor(kCounters, std::string(), end_key());
  for (; counters->valid(); counters->next()) {
    const auto key = counters->key();
    if (key == "seq" && counters->value().size() == 8) seq_ = get_be<8>(counters->value().data());
    const auto decoded = Counters::decode(counters->value());
    if (key.size() == 4 && decoded) counters_[static_cast<StreamId>(get_be<4>(key.data()))] = *decoded;
    if (key.size() == 4 && !decoded) batch_.erase(kCounters, key);
  }
  return counters->status();
}

Expected<> RowRepair::run(RepairReport& report) {
  if (auto done = load(report); !done) return done;
  if (auto done = order_events(report); !done) return done;
  if (auto done = read_records(report); !done) return done;
  EventHistory history(suspicious_ ? waiting_ : std::vector<RowRef>{});
  if (suspicious_) {
    if (auto done = commit(); !done) return done;
    if (auto done = history.read(folders_.events, 0, db_); !done) return done;
    if (auto done = drop_finished(history, report); !done) return done;
  }
  if (auto done = repair_leases(report); !done) return done;
  if (auto done = repair_counters(history, report); !done) return done;
  if (auto done = repair_marks(report); !done) return done;
  if (auto done = commit(); !done) return done;
  return db_.flush();
}

Expected<> RowRepair::settle_told(std::uint64_t after, RepairReport& report) {
  if (auto done = load(report); !done) return done;
  RepairReport none;
  if (auto done = read_records(none); !done) return done;
  EventHistory history(waiting_);
  if (auto done = history.read(folders_.events, after, db_); !done) return done;
  if (auto done = drop_finished(history, report); !done) return done;
  for (const auto& [row, kind] : history.finished()) counters_[row.stream].count(kind);
  for (const auto& [stream, tally] : tallies_) {
    counters_[stream].retries_waiting = tally.retries;
    std::string value;
    counters_[stream].append_to(value);
    batch_.put(kCounters, stream_key(stream), value);
  }
  return commit();
}

/// The outbox goes on behind the event files without a hole, and numbers behind both.
Expected<> RowRepair::order_events(RepairReport& report) {
  std::uint64_t exported = 0;
  for (const auto& file : event_files(folders_.events)) {
    const auto last = last_seq_of(file);
    if (last) exported = std::max(exported, *last);
  }
  Event lost;
  lost.kind = EventKind::alert;
  lost.time_ms = to_ms(now_);
  lost.event_class = "lost";
  lost.detail = "this event was lost with a damaged file";
  std::string filler;
  lost.append_to(filler);
  const auto row_of_filler = OutboxRow::value(filler);
  std::uint64_t before = exported;
  std::uint64_t filled = 0;
  const auto outbox = db_.cursor(kOutbox, std::string(), end_key());
  for (; outbox->valid(); outbox->next()) {
    if (outbox->key().size() != 8) {
      batch_.erase(kOutbox, outbox->key());
      continue;
    }
    auto row = OutboxRow::decode(outbox->key(), outbox->value());
    const auto last = get_be<8>(outbox->key().data());
    const auto first = row ? row->first() : last;  // how many a damaged row held, the gap before it says
    const bool hole = before != 0 && first > before + 1 && first - before <= kMaxHole;
    for (auto missing = before + 1; hole && missing < first; ++missing, ++filled) {
      batch_.put(kOutbox, OutboxRow::key(missing), row_of_filler);
      if (auto done = commit_if_large(); !done) return done;
    }
    if (!row) {
      batch_.put(kOutbox, outbox->key(), row_of_filler);
      ++filled;
    } else if (const auto lost_here = replace_damaged(row->events, filler); lost_here > 0) {
      OutboxWriter again;
      for (auto seq = first; const auto event : row->events) again.add(batch_, seq++, event);
      again.flush(batch_);
      filled += lost_here;
    }
    before = std::max(before, last);
  }
  if (auto status = outbox->status(); !status) return status;
  if (filled > 0)
    report.add("events replaced", filled, "their text was lost; their numbers say so in the feed");
  if (before > seq_)
    report.add("event numbers skipped", before - seq_, "the feed was further than the store");
  // An outbox that ends below its last number: the newest events were lost before they were exported.
  for (auto missing = before + 1; before != 0 && missing <= seq_ && seq_ - before <= kMaxHole; ++missing) {
    batch_.put(kOutbox, OutboxRow::key(missing), row_of_filler);
    if (missing == seq_) report.add("events replaced", seq_ - before, "the newest were lost");
  }
  seq_ = std::max(seq_, before);
  return {};
}

Expected<> RowRepair::read_records(RepairReport& report) {
  std::uint64_t aside = 0;
  const auto records = db_.cursor(kRecords, std::string(), end_key());
  for (; records->valid(); records->next()) {
    const auto key = RecordKey::decode(records->key());
    const bool good = key && streams_.contains(key->stream) && RecordValue::decode(records->value());
    if (!good) {
      set_record_aside(records->key(), records->value(), aside);
      if (auto done = commit_if_large(); !done) return done;
      continue;
    }
    auto& tally = tallies_[key->stream];
    ++tally.records;
    if (key->phase == Phase::retry) ++tally.retries;
    waiting_.push_back({key->stream, key->row});
  }
  if (aside > 0)
    report.add("records set aside", aside, "their bytes are kept in the store, their recipients are final");
  return records->status();
}

void RowRepair::set_record_aside(std::string_view key, std::string_view value, std::uint64_t& count) {
  ++count;
  batch_.put(kDamaged, key, value);
  batch_.erase(kRecords, key);
  const auto decoded = RecordKey::decode(key);
  if (!decoded) return;
  const EventHistory::Recipient nobody{MessageId::make(now_, 0, decoded->stream, decoded->row), {}};
  give_final(decoded->stream, &nobody, "damaged", decoded->domain);
}

void RowRepair::give_final(StreamId stream, const EventHistory::Recipient* recipient,
                           std::string_view event_class, std::string_view domain) {
  Event event;
  event.kind = EventKind::bounced;
  event.time_ms = to_ms(now_);
  event.stream = stream;
  event.stage = "queue";
  event.event_class = event_class;
  event.domain = domain;
  if (recipient != nullptr) {
    event.id = recipient->id;
    event.recipient = recipient->address;
  }
  std::string encoded;
  event.append_to(encoded);
  add_event(encoded);
  counters_[stream].count(EventKind::bounced);
}

/// Records of recipients who have had their final: by the events, or, where those are gone, by the index of
/// what was delivered.
Expected<> RowRepair::drop_finished(const EventHistory& history, RepairReport& report) {
  const auto finished = history.finished();
  std::uint64_t dropped = 0;
  const auto records = db_.cursor(kRecords, std::string(), end_key());
  for (; records->valid(); records->next()) {
    const auto key = RecordKey::decode(records->key());
    const auto value = RecordValue::decode(records->value());
    if (!key || !value) continue;
    std::string sent = stream_key(key->stream);
    put_be<5>(sent, key->row);
    const RowRef row{key->stream, key->row};
    bool ended = std::ranges::binary_search(finished, row, {}, [](const auto& one) { return one.first; });
    if (!ended) {
      const auto delivered = db_.get(kSent, sent);
      if (!delivered) return std::unexpected(delivered.error());
      ended = delivered->has_value();
    }
    if (!ended) continue;
    ++dropped;
    batch_.erase(kRecords, records->key());
    if (!value->body.empty()) batch_.erase(kBodies, body_ref_key(value->body, key->stream, key->row));
    auto& tally = tallies_[key->stream];
    --tally.records;
    if (key->phase == Phase::retry) --tally.retries;
    if (auto done = commit_if_large(); !done) return done;
  }
  if (dropped > 0) report.add(std::string(kTakenOut), dropped, "their recipients have had a final event");
  return records->status();
}

Expected<> RowRepair::repair_leases(RepairReport& report) {
  std::uint64_t dropped = 0;
  const auto blocks = db_.cursor(kLeases, std::string(), end_key());
  for (; blocks->valid(); blocks->next()) {
    bool good = blocks->key().size() == 8;
    for (ByteReader keys(blocks->value()); good && !keys.at_end();) {
      const auto record = keys.string();
      good = keys.ok() && RecordKey::decode(record).has_value();
    }
    if (good) continue;
    ++dropped;
    batch_.erase(kLeases, blocks->key());
  }
  if (dropped > 0)
    report.add("lease blocks dropped", dropped,
               "their records may be sent a second time without being in doubt");
  return blocks->status();
}

Expected<> RowRepair::repair_counters(const EventHistory& history, RepairReport& report) {
  for (const auto& [stream, state] : streams_) {
    auto& now = counters_[stream];
    const auto was = now;
    const auto told = history.counted(stream);
    // Accounts only grow: what events tell is a floor for an account that is too old.
    now.injected = std::max(now.injected, told.injected);
    now.delivered = std::max(now.delivered, told.delivered);
    now.bounced = std::max(now.bounced, told.bounced);
    now.expired = std::max(now.expired, told.expired);
    now.suppressed = std::max(now.suppressed, told.suppressed);
    now.cancelled = std::max(now.cancelled, told.cancelled);
    const auto& counted = tallies_[stream];
    now.injected = std::max(now.injected, now.finals() + counted.records);
    if (now.queued() > counted.records) {
      const auto lost = now.queued() - counted.records;
      const auto named = add_lost(stream, lost, history);
      report.add(fmt::format("recipients of stream {} lost", stream), lost,
                 fmt::format("{} by name; each has a final event of class lost", named));
    }
    now.retries_waiting = counted.retries;
    if (now != was) report.add(fmt::format("accounts of stream {} set", stream), 1);
    std::string value;
    now.append_to(value);
    batch_.put(kCounters, stream_key(stream), value);
    if (auto done = commit_if_large(); !done) return done;
  }
  return {};
}

/// The finals of those who were queued and are gone. How many of them have a name.
std::uint64_t RowRepair::add_lost(StreamId stream, std::uint64_t lost, const EventHistory& history) {
  std::uint64_t named = 0;
  for (auto at = history.open().lower_bound({stream, 0}); at != history.open().end() && named < lost; ++at) {
    if (at->first.stream != stream) break;
    const auto& address = at->second.address;
    const auto domain = address.rfind('@');
    give_final(stream, &at->second, "lost", domain == std::string::npos ? "" : address.substr(domain + 1));
    ++named;
  }
  for (auto rest = named; rest < lost; ++rest) give_final(stream, nullptr, "lost", {});
  return named;
}

Expected<> RowRepair::repair_marks(RepairReport& report) {
  std::uint64_t lowered = 0;
  const auto marks = db_.cursor(kMarks, std::string(), end_key());
  for (; marks->valid(); marks->next()) {
    const auto key = marks->key();
    if (key.size() != 5 || key[4] > 1) continue;
    const auto stream = static_cast<StreamId>(get_be<4>(key.data()));
    const auto phase = static_cast<Phase>(key[4]);
    const auto first = db_.cursor(kRecords, phase_begin(stream, phase), phase_end(stream, phase));
    if (!first->valid() || first->key() >= marks->value()) continue;
    ++lowered;
    batch_.put(kMarks, key, first->key());
  }
  if (lowered > 0)
    report.add("marks lowered", lowered, "records stood below them and would not have been read");
  return marks->status();
}

}  // namespace sluice::queue
