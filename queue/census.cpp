#include "queue/census.hpp"

#include <algorithm>

#include "queue/families.hpp"
#include "queue/record.hpp"

namespace sluice::queue {
namespace {

void keep_least(std::int64_t& least, std::int64_t value) {
  if (least == 0 || value < least) least = value;
}

}  // namespace

Expected<bool> Census::step(Instant now, std::size_t max_records) {
  if (at_.empty()) {
    counting_ = {};
    counting_.begun = now;
    group_ = nullptr;
    share_ = nullptr;
    shares_ = 0;
  }
  std::size_t left = max_records;
  for (const auto& stream : streams_.all()) {
    if (stream->state() == StreamState::done || stream->state() == StreamState::cancelled) continue;
    const bool may_send = stream->may_send(now);
    for (const auto phase : {Phase::first, Phase::retry}) {
      const auto end = phase_end(stream->id, phase);
      if (at_ >= end) continue;
      const auto begin = phase_begin(stream->id, phase);
      auto mark = database_.get(kMarks, begin);
      if (!mark) return std::unexpected(mark.error());
      auto from = std::max({at_, begin, mark->value_or("")});
      if (from >= end) continue;
      const auto cursor = database_.cursor(kRecords, std::move(from), end);
      for (; cursor->valid(); cursor->next()) {
        if (left-- == 0) {
          at_ = cursor->key();
          return false;
        }
        count(cursor->key(), cursor->value(), may_send, now);
      }
      if (auto status = cursor->status(); !status) return std::unexpected(status.error());
    }
  }
  at_.clear();
  counting_.ended = now;
  last_ = counting_;
  return true;
}

void Census::turn_to(StreamId stream, std::string_view domain) {
  stream_ = stream;
  domain_ = domain;
  auto name = group_of_(domain_);
  if (counting_.groups.size() >= kMaxGroups && !counting_.groups.contains(name)) name = "other";
  group_ = &counting_.groups[name];
  share_ = nullptr;
  auto found = counting_.streams.find(stream);
  if (found == counting_.streams.end()) {
    if (shares_ >= kMaxShares) return;
    found = counting_.streams.try_emplace(stream).first;
  }
  const auto [row, fresh] = found->second.try_emplace(std::move(name));
  if (fresh) ++shares_;
  share_ = &row->second;
}

void Census::count(std::string_view key_bytes, std::string_view value_bytes, bool may_send, Instant now) {
  const auto key = RecordKey::decode(key_bytes);
  const auto value = RecordValue::decode(value_bytes);
  if (!key || !value) return;
  if (group_ == nullptr || key->domain != domain_ || key->stream != stream_)
    turn_to(key->stream, key->domain);
  if (share_ != nullptr) ++*share_;
  ++counting_.records;
  ++group_->records;
  const auto due = key->due == 0 ? Instant{} : to_instant(key->due);
  if (value->trail.held) {
    ++group_->held;
    keep_least(group_->held_since_ms, value->accepted_ms);
  } else if (due > now) {
    ++group_->deferred;
    if (!may_send) ++group_->paused_deferred;
    keep_least(may_send ? group_->deferred_since_ms : group_->paused_since_ms, value->accepted_ms);
  } else {
    ++group_->ready;
    if (!may_send) ++group_->paused_ready;
    const auto since = may_send ? std::max(value->accepted_ms, to_ms(due)) : value->accepted_ms;
    keep_least(may_send ? group_->ready_since_ms : group_->paused_since_ms, since);
  }
  const auto age = to_ms(now) - value->accepted_ms;
  const auto bucket = std::ranges::upper_bound(kAgeLimitsMs, age) - kAgeLimitsMs.begin();
  ++group_->ages[static_cast<std::size_t>(bucket)];
  keep_least(group_->oldest_ms, value->accepted_ms);
}

}  // namespace sluice::queue
