#include "queue/sweeper.hpp"

#include <algorithm>

#include "queue/families.hpp"

namespace sluice::queue {

Sweeper::Walk& Sweeper::walk_of(const Stream& stream) {
  const auto [at, fresh] = walks_.try_emplace(stream.id);
  // No recipient of a campaign was accepted before it; a flow is older than what waits in it.
  if (fresh && stream.settings.kind == StreamKind::campaign)
    at->second.due = from_ms(stream.expires_ms(stream.settings.created_ms));
  return at->second;
}

Expected<std::uint64_t> Sweeper::step() {
  std::uint64_t expired = 0;
  std::size_t records = options_.step_records;
  for (const auto& stream : queue_.streams().all()) {
    if (stream->state() >= StreamState::cancelling) {
      walks_.erase(stream->id);
      continue;
    }
    auto& walk = walk_of(*stream);
    if (walk.due > clock_.now()) continue;
    auto swept = walk_on(*stream, walk, records);
    if (!swept) return swept;
    expired += *swept;
    if (records == 0 || expired >= options_.step_finals) break;
  }
  return expired;
}

Expected<std::uint64_t> Sweeper::walk_on(const Stream& stream, Walk& walk, std::size_t& records) {
  const auto now = clock_.now();
  if (walk.at.empty()) walk = {walk.due, phase_begin(stream.id, Phase::first), now, INT64_MAX};
  std::uint64_t expired = 0;
  std::vector<std::string> keys;
  const auto flush = [&]() -> Expected<> {
    if (keys.empty()) return {};
    auto done = queue_.expire(keys);
    keys.clear();
    if (!done) return std::unexpected(done.error());
    expired += *done;
    return {};
  };
  for (const auto phase : {Phase::first, Phase::retry}) {
    const auto end = phase_end(stream.id, phase);
    const auto begin = phase_begin(stream.id, phase);
    if (walk.at >= end) continue;
    auto mark = queue_.database().get(kMarks, begin);
    if (!mark) return std::unexpected(mark.error());
    auto from = std::max({walk.at, begin, mark->value_or("")});
    if (from >= end) continue;
    const auto cursor = queue_.database().cursor(kRecords, std::move(from), end);
    for (; cursor->valid(); cursor->next()) {
      if (records == 0 || expired + keys.size() >= options_.step_finals) {
        walk.at = cursor->key();
        if (auto done = flush(); !done) return std::unexpected(done.error());
        return expired;
      }
      --records;
      const auto value = RecordValue::decode(cursor->value());
      if (!value) continue;  // the feeder sets it aside
      if (!stream.expired(value->accepted_ms, now)) {
        walk.earliest_ms = std::min(walk.earliest_ms, stream.expires_ms(value->accepted_ms));
        continue;
      }
      keys.emplace_back(cursor->key());
      if (keys.size() < kMaxEdit) continue;
      if (auto done = flush(); !done) return std::unexpected(done.error());
    }
    if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  }
  if (auto done = flush(); !done) return std::unexpected(done.error());
  const auto fresh = walk.begun + stream.settings.expire;  // what came since expires no earlier
  const auto left =
      walk.earliest_ms == INT64_MAX ? fresh : std::min<Instant>(fresh, from_ms(walk.earliest_ms));
  walk = {std::max<Instant>(left, now + options_.between_walks), {}, {}, INT64_MAX};
  return expired;
}

}  // namespace sluice::queue
