#include "engine/delivery/source_book.hpp"

#include <algorithm>
#include <map>

#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"

namespace sluice::delivery {
namespace {

std::string row_key(const Suspension& suspension) {
  auto out = std::string(queue::kSuspensionPrefix) + suspension.source;
  return out.append(1, '\0').append(suspension.provider);
}

std::string row_value(const Suspension& suspension) {
  std::string out;
  put_varint(out, static_cast<std::uint64_t>(suspension.since_ms));
  put_varint(out, static_cast<std::uint64_t>(suspension.until_ms));
  put_string(out, suspension.cause);
  put_string(out, suspension.by);
  return out;
}

std::optional<Suspension> decode(std::string_view key, std::string_view value) {
  const auto zero = key.find('\0');
  if (zero == std::string_view::npos) return std::nullopt;
  ByteReader in(value);
  Suspension out;
  out.source = key.substr(0, zero);
  out.provider = key.substr(zero + 1);
  out.since_ms = static_cast<std::int64_t>(in.varint());
  out.until_ms = static_cast<std::int64_t>(in.varint());
  out.cause = in.string();
  out.by = in.string();
  return in.ok() && in.at_end() ? std::optional(out) : std::nullopt;
}

std::string event_of(const Suspension& suspension, const char* what, const std::string& why, Instant now) {
  queue::Event event;
  event.kind = queue::EventKind::suspended;
  event.time_ms = to_ms(now);
  event.source = suspension.source;
  event.provider = suspension.provider;
  event.event_class = what;
  event.detail = why;
  event.due_ms = suspension.until_ms;
  std::string out;
  event.append_to(out);
  return out;
}

Instant end_of(const Suspension& suspension) {
  return suspension.until_ms == 0 ? Instant::max() : from_ms(suspension.until_ms);
}

}  // namespace

Expected<std::unique_ptr<SourceBook>> SourceBook::open(queue::Queue& queue,
                                                       const std::vector<SourceOptions>& sources) {
  std::unique_ptr<SourceBook> out(new SourceBook(queue, sources));
  if (auto done = out->number_sources(); !done) return std::unexpected(done.error());
  if (auto done = out->load_suspensions(); !done) return std::unexpected(done.error());
  return out;
}

/// A store from before it kept names numbered its sources as the configuration had them: so do we, the first
/// time.
Expected<> SourceBook::number_sources() {
  const auto rows = queue_.notes(queue::kSourcePrefix);
  if (!rows) return std::unexpected(rows.error());
  std::map<std::string, std::uint16_t, std::less<>> known;
  std::uint16_t highest = 0;
  for (const auto& [name, value] : *rows) {
    ByteReader in(value);
    const auto number = static_cast<std::uint16_t>(in.varint());
    if (!in.ok() || number == 0)
      return fail(ErrorCode::corrupt, queue::damaged_note(queue::kSourcePrefix, name));
    known[name] = number;
    highest = std::max(highest, number);
  }
  queue::Notes fresh;
  for (const auto& source : sources_) {
    auto& number = known[source.name];
    if (number == 0) {
      if (highest == UINT16_MAX) return fail(ErrorCode::limit, "65,535 sources have had a number");
      number = ++highest;
      std::string value;
      put_varint(value, number);
      fresh.rows.push_back({std::string(queue::kSourcePrefix) + source.name, value});
    }
    numbers_.push_back(number);
  }
  // Before any record names one: commits keep their order.
  if (!fresh.rows.empty()) queue_.keep(std::move(fresh), store::Urgency::soon, {});
  return {};
}

Expected<> SourceBook::load_suspensions() {
  const auto rows = queue_.notes(queue::kSuspensionPrefix);
  if (!rows) return std::unexpected(rows.error());
  for (const auto& [key, value] : *rows) {
    auto suspension = decode(key, value);
    if (!suspension) return fail(ErrorCode::corrupt, queue::damaged_note(queue::kSuspensionPrefix, key));
    suspensions_.push_back(std::move(*suspension));
  }
  return {};
}

bool SourceBook::known(const std::string& source) const {
  return std::ranges::any_of(sources_, [&](const auto& one) { return one.name == source; });
}

SourceStanding SourceBook::standing(const std::string& source, const std::string& provider) const {
  SourceStanding out;
  const std::lock_guard lock(mutex_);
  for (const auto& one : suspensions_) {
    const bool here = one.provider.empty() || one.provider == provider;
    if (one.source != source || !here) continue;
    const auto since = from_ms(one.since_ms);
    out.since = out.until == Instant::min() ? since : std::min(out.since, since);
    out.until = std::max(out.until, end_of(one));
  }
  return out;
}

std::vector<Suspension> SourceBook::suspensions() const {
  const std::lock_guard lock(mutex_);
  return suspensions_;
}

std::optional<Suspension> SourceBook::find(const std::string& source, const std::string& provider) const {
  const std::lock_guard lock(mutex_);
  for (const auto& one : suspensions_) {
    if (one.source == source && one.provider == provider) return one;
  }
  return std::nullopt;
}

Expected<> SourceBook::suspend(Suspension suspension, Instant now) {
  if (!known(suspension.source))
    return fail(ErrorCode::not_found, "there is no source \"" + suspension.source + "\"");
  if (suspension.until_ms != 0 && from_ms(suspension.until_ms) <= now)
    return fail(ErrorCode::invalid_input, "the suspension would be over at once");
  const auto before = find(suspension.source, suspension.provider);
  suspension.since_ms = before ? before->since_ms : to_ms(now);
  if (!before && suspensions().size() >= kMaxSuspensions)
    return fail(ErrorCode::limit, std::to_string(kMaxSuspensions) + " suspensions stand already");
  const queue::Notes notes{{{row_key(suspension), row_value(suspension)}},
                           {event_of(suspension, "suspended", suspension.cause, now)}};
  if (auto kept = queue_.keep_now(notes); !kept) return kept;
  log::info("source_suspended", {{"source", suspension.source},
                                 {"provider", suspension.provider},
                                 {"by", suspension.by},
                                 {"why", suspension.cause}});
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(suspensions_, [&](const auto& one) {
      return one.source == suspension.source && one.provider == suspension.provider;
    });
    suspensions_.push_back(std::move(suspension));
  }
  changed();
  return {};
}

Expected<> SourceBook::resume(const std::string& source, const std::string& provider, const std::string& by,
                              Instant now) {
  const auto found = find(source, provider);
  if (found) return remove(*found, "resumed by " + by, now);
  if (!known(source)) return fail(ErrorCode::not_found, "there is no source \"" + source + "\"");
  return fail(ErrorCode::not_found,
              "source \"" + source + "\" is not suspended" + (provider.empty() ? "" : " at " + provider));
}

Expected<> SourceBook::remove(const Suspension& suspension, const std::string& why, Instant now) {
  const queue::Notes notes{{{row_key(suspension), std::nullopt}},
                           {event_of(suspension, "resumed", why, now)}};
  if (auto kept = queue_.keep_now(notes); !kept) return kept;
  log::info("source_resumed",
            {{"source", suspension.source}, {"provider", suspension.provider}, {"why", why}});
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(suspensions_, [&](const auto& one) {
      return one.source == suspension.source && one.provider == suspension.provider;
    });
  }
  changed();
  return {};
}

void SourceBook::expire(Instant now) {
  for (const auto& one : suspensions()) {
    if (end_of(one) > now) continue;
    const auto done = remove(one, "its time is over", now);
    if (!done) return log::warn("suspension_not_ended", {{"reason", done.error().text}});
  }
}

void SourceBook::changed() {
  generation_.fetch_add(1, std::memory_order_acq_rel);
  if (listener_) listener_();
}

}  // namespace sluice::delivery
