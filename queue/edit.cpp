#include "queue/edit.hpp"

#include "engine/base/assert.hpp"
#include "queue/families.hpp"
#include "queue/queue.hpp"

namespace sluice::queue {
namespace {

DueSecond second_of(Instant now) {
  return static_cast<DueSecond>(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
}

/// The record's new trail and due time; nothing when it is as the edit wants it already. `due` is the
/// key's: 0 for a record never tried.
std::optional<std::pair<Trail, DueSecond>> edited(Edit what, const Trail& trail, DueSecond due, DueSecond now,
                                                  DueSecond end) {
  auto out = trail;
  switch (what) {
    case Edit::hold:
      if (trail.held) return std::nullopt;
      out.held = true;
      return std::pair{out, end};
    case Edit::release:
      if (!trail.held) return std::nullopt;
      out.held = false;
      return std::pair{out, now};
    case Edit::flush:
      if (trail.held || due <= now) return std::nullopt;
      return std::pair{out, now};
    case Edit::requeue: {
      out = Trail{};
      out.doubts = trail.doubts;
      if (out == trail && due <= now) return std::nullopt;
      return std::pair{out, now};
    }
    case Edit::erase:
      break;
  }
  return std::nullopt;
}

}  // namespace

Expected<EditReport> Queue::edit(Edit what, const std::vector<std::string>& keys) {
  SLUICE_ASSERT(keys.size() <= kMaxEdit);
  EditReport report;
  auto result = commit_now([&](store::Batch& batch) {
    for (const auto& bytes : keys) {
      const auto key = RecordKey::decode(bytes);
      if (key) edit_record(batch, what, *key, report);
    }
  });
  if (!result) return std::unexpected(result.error());
  return report;
}

Expected<std::uint64_t> Queue::expire(const std::vector<std::string>& keys) {
  SLUICE_ASSERT(keys.size() <= kMaxEdit);
  std::uint64_t expired = 0;
  auto result = commit_now([&](store::Batch& batch) {
    for (const auto& bytes : keys) {
      const auto key = RecordKey::decode(bytes);
      const auto stream = key ? streams_.find(key->stream) : nullptr;
      if (!stream || stream->state() >= StreamState::cancelling) continue;
      const auto found = ledger_.waiting(*database_, *key);
      const auto value = found ? RecordValue::decode(*found) : std::nullopt;
      if (!value || !stream->expired(value->accepted_ms, clock_.now())) continue;
      ledger_.take_out(batch, *key);
      end_record(batch, EventKind::expired, "expired", *key, *found);
      ledger_.mark_edited(*stream);
      ++expired;
    }
  });
  if (!result) return std::unexpected(result.error());
  return expired;
}

Expected<EditReport> Queue::suppress(const std::vector<Suppressed>& records) {
  SLUICE_ASSERT(records.size() <= kMaxEdit);
  EditReport report;
  auto result = commit_now([&](store::Batch& batch) {
    for (const auto& record : records) {
      const auto key = RecordKey::decode(record.key);
      const auto stream = key ? streams_.find(key->stream) : nullptr;
      if (!stream || stream->state() >= StreamState::cancelling) continue;  // that sweeper ends it
      const auto found = ledger_.waiting(*database_, *key);
      if (!found) {
        ++report.busy;
        continue;
      }
      ledger_.take_out(batch, *key);
      end_record(batch, EventKind::suppressed, record.reason, *key, *found);
      ledger_.mark_edited(*stream);
      ++report.edited;
    }
  });
  if (!result) return std::unexpected(result.error());
  return report;
}

void Queue::edit_record(store::Batch& batch, Edit what, const RecordKey& key, EditReport& report) {
  const auto stream = streams_.find(key.stream);
  if (!stream || stream->state() >= StreamState::cancelling) {
    ++report.busy;  // the sweeper ends it
    return;
  }
  const auto bytes = ledger_.waiting(*database_, key);
  if (!bytes) {
    ++report.busy;
    return;
  }
  const auto value = RecordValue::decode(*bytes);
  if (what == Edit::erase) {
    ledger_.take_out(batch, key);
    end_record(batch, EventKind::cancelled, "deleted", key, *bytes);
    ledger_.mark_edited(*stream);
    ++report.edited;
    return;
  }
  const auto now = second_of(clock_.now());
  const auto end = value ? to_due_second(from_ms(stream->expires_ms(value->accepted_ms))) : now;
  const auto next = value ? edited(what, value->trail, key.due, now, end) : std::nullopt;
  if (!next) {
    ++report.unchanged;
    return;
  }
  ledger_.take_out(batch, key);
  auto changed = *value;
  changed.trail = next->first;
  ledger_.put_again(batch, {key.stream, Phase::retry, next->second, key.domain, key.row}, changed, key,
                    value->trail);
  ledger_.mark_edited(*stream);
  ++report.edited;
}

void Queue::end_record(store::Batch& batch, EventKind kind, std::string_view why, const RecordKey& key,
                       std::string_view value_bytes) {
  const auto value = RecordValue::decode(value_bytes);
  Event event;
  event.kind = kind;
  event.time_ms = to_ms(clock_.now());
  event.stream = key.stream;
  event.domain = key.domain;
  event.event_class = why;
  if (kind == EventKind::expired) event.stage = "queue";
  std::string recipient;
  if (value) {
    const Record record{key, *value};
    recipient = record.address();
    event.recipient = recipient;
    event.id = record.id(options_.node);
    event.attempts = value->trail.attempts;
    event.queued_ms = event.time_ms - value->accepted_ms;
  }
  std::string encoded;
  event.append_to(encoded);
  const auto seq = ledger_.add_event(batch, encoded);
  const auto stream = streams_.find(key.stream);
  if (value) ledger_.end_claims(batch, stream.get(), key, *value, kind, seq, encoded);
  auto& counters = ledger_.touch(key.stream);
  counters.count(kind);
  if (key.phase == Phase::retry) --counters.retries_waiting;
  if (value && value->trail.held) counters.drop_held();
}

}  // namespace sluice::queue
