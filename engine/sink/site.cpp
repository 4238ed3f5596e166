#include "engine/sink/site.hpp"

#include <charconv>

#include "engine/sink/hash.hpp"

namespace sluice::sink {

using message::Reply;

namespace {

void count(SiteCounters::Count& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

/// Takes a number and the separator behind it, if any, from the front.
std::optional<std::uint16_t> take_number(std::string_view& text, char separator) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(separator)) text.remove_prefix(1);
  return value;
}

}  // namespace

Site::Site(Persona persona, std::uint64_t seed) : persona_(std::move(persona)), seed_(seed) {}

double Site::draw() { return to_unit(mix(seed_ ^ mix(draws_.fetch_add(1, std::memory_order_relaxed)))); }

bool Site::limits(Clock::time_point now) const {
  return persona_.limited_for.count() == 0 || counters_.refusals.age(now) < persona_.limited_for;
}

std::optional<Reply> Site::connect() {
  count(counters_.connections);
  const auto open = counters_.open.fetch_add(1, std::memory_order_relaxed) + 1;
  const auto now = Clock::now();
  counters_.refusals.begin(now);
  if (persona_.max_connections != 0 && open > persona_.max_connections && limits(now)) {
    count(counters_.connections_refused);
    counters_.refusals.add(now);
    return persona_.connection_reply;
  }
  auto most = counters_.most_open.load(std::memory_order_relaxed);
  while (open > most && !counters_.most_open.compare_exchange_weak(most, open, std::memory_order_relaxed)) {
  }
  return std::nullopt;
}

void Site::disconnect() { counters_.open.fetch_sub(1, std::memory_order_relaxed); }

std::optional<Reply> Site::mail(std::size_t nth, bool tls, Clock::time_point now) {
  if (persona_.max_messages_per_connection != 0 && nth >= persona_.max_messages_per_connection) {
    return Reply{421, {4, 7, 0}, "Too many messages on this connection, open a new one"};
  }
  if (!counters_.mail_rate.add(now, limits(now) ? persona_.max_messages_per_s : 0)) {
    count(counters_.rate_limited);
    counters_.refusals.add(now);
    return persona_.rate_reply;
  }
  count(counters_.mails);
  if (tls) count(counters_.tls_mails);
  return std::nullopt;
}

Verdict Site::recipient(std::string_view sender, std::string_view recipient, Clock::time_point now) {
  if (persona_.scripted_recipients) {
    if (auto reply = scripted_reply(recipient.substr(0, recipient.rfind('@')))) {
      count(counters_.scripted);
      return {Fate::scripted, std::move(*reply)};
    }
  }
  const auto fate = to_unit(hash_of(recipient, seed_));
  if (fate < persona_.bounce_share) {
    count(counters_.bounced);
    return {Fate::bounced, {550, {5, 1, 1}, "The email account that you tried to reach does not exist"}};
  }
  if (fate < persona_.bounce_share + persona_.mailbox_full_share) {
    count(counters_.mailbox_full);
    return {Fate::mailbox_full, {452, {4, 2, 2}, "The recipient's inbox is out of storage space"}};
  }
  if (persona_.greylist.count() > 0 && !greylist_.passes(sender, recipient, now, persona_.greylist)) {
    count(counters_.greylisted);
    return {Fate::greylisted, {451, {4, 7, 1}, "Greylisted, try again later"}};
  }
  if (persona_.defer_share > 0 && draw() < persona_.defer_share) {
    count(counters_.deferred);
    return {Fate::deferred, {451, {4, 3, 0}, "Temporary system problem, try again later"}};
  }
  count(counters_.recipients);
  return {Fate::accepted, {250, {2, 1, 5}, "OK"}};
}

void Site::message(std::size_t recipients, std::size_t bytes, Clock::time_point now) {
  count(counters_.messages);
  counters_.deliveries.fetch_add(recipients, std::memory_order_relaxed);
  counters_.bytes.fetch_add(bytes, std::memory_order_relaxed);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const auto at = static_cast<std::uint64_t>(us);
  std::uint64_t none = 0;
  if (counters_.first_message_us.load(std::memory_order_relaxed) == 0) {
    counters_.first_message_us.compare_exchange_strong(none, at, std::memory_order_relaxed);
  }
  counters_.last_message_us.store(at, std::memory_order_relaxed);
}

bool Site::drops() { return persona_.drop_share > 0 && draw() < persona_.drop_share; }

std::optional<Reply> scripted_reply(std::string_view local_part) {
  constexpr std::string_view kPrefix = "say-";
  if (!local_part.starts_with(kPrefix)) return std::nullopt;
  local_part.remove_prefix(kPrefix.size());
  const auto code = take_number(local_part, '-');
  if (!code || *code < 200 || *code > 599 || *code / 100 == 3) return std::nullopt;
  Reply reply{*code, {}, "As you asked"};
  const auto class_ = take_number(local_part, '.');
  if (!class_) return reply;
  const auto subject = take_number(local_part, '.');
  const auto detail = subject ? take_number(local_part, '-') : std::nullopt;
  if (!detail || *class_ > 5) return std::nullopt;
  reply.enhanced = {static_cast<std::uint8_t>(*class_), *subject, *detail};
  return reply;
}

}  // namespace sluice::sink
