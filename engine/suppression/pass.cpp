#include "engine/suppression/pass.hpp"

#include "queue/families.hpp"

namespace sluice::suppression {

Pass::Pass(queue::Queue& queue, Book& book, const Clock& clock, AudienceOf audience_of, Book::PassPlan plan)
    : queue_(queue),
      book_(book),
      clock_(clock),
      audience_of_(std::move(audience_of)),
      plan_(plan),
      cursor_(queue.database().cursor(queue::kRecords, std::string(), std::string(5, '\xff'))) {}

Pass::Stream& Pass::stream_of(StreamId id) {
  const auto [at, fresh] = streams_.try_emplace(id);
  if (!fresh) return at->second;
  auto& out = at->second;
  out.stream = queue_.streams().find(id);
  if (!out.stream || out.stream->state() >= queue::StreamState::cancelling) {
    out.stream = nullptr;
    return out;
  }
  out.audience = audience_of_(*out.stream);
  if (out.audience) out.reach = book_.reach(*out.audience);
  return out;
}

Expected<bool> Pass::step(std::size_t records) {
  for (; cursor_->valid() && records > 0; cursor_->next(), --records) {
    if (auto looked = look(cursor_->key(), cursor_->value()); !looked) return std::unexpected(looked.error());
  }
  if (auto status = cursor_->status(); !status) return std::unexpected(status.error());
  if (auto done = flush(); !done) return std::unexpected(done.error());
  return !cursor_->valid();
}

Expected<> Pass::look(std::string_view key_bytes, std::string_view value_bytes) {
  ++looked_at_;
  const auto key = queue::RecordKey::decode(key_bytes);
  const auto value = queue::RecordValue::decode(value_bytes);
  if (!key || !value) return {};  // the feeder sets it aside
  const auto& stream = stream_of(key->stream);
  if (!stream.stream) return {};
  if (!stream.audience) {
    ++left_;
    return {};
  }
  scratch_.clear();
  append_key(value->local, key->domain, scratch_);
  std::optional<Verdict> verdict;
  if (plan_.full) {
    auto probed = book_.probe(scratch_, *stream.audience, clock_.now());
    if (!probed) return std::unexpected(probed.error());
    verdict = *probed;
  } else {
    verdict = book_.added(scratch_, stream.reach);
  }
  if (!verdict) return {};
  found_.push_back({std::string(key_bytes), verdict->event_reason()});
  return found_.size() < queue::kMaxEdit ? Expected<>() : flush();
}

Expected<> Pass::flush() {
  if (found_.empty()) return {};
  auto report = queue_.suppress(found_);
  if (!report) return std::unexpected(report.error());
  suppressed_ += report->edited;
  left_ += report->busy;
  found_.clear();
  return {};
}

}  // namespace sluice::suppression
