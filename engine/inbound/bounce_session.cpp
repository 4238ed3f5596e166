#include "engine/inbound/bounce_session.hpp"

#include <algorithm>

namespace sluice::inbound {
namespace {

using feedback::Feedback;
using message::Reply;

constexpr std::string_view kUnsubscribe = "unsubscribe+";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

}  // namespace

std::optional<Target> target_of(std::string_view local, std::string_view domain, const Options& options,
                                const feedback::TokenKeys& keys, Instant now) {
  if (options.domain.empty() || lower(domain) != lower(options.domain)) return std::nullopt;
  const auto name = lower(local);
  if (std::ranges::find(options.feedback_names, name) != options.feedback_names.end())
    return Target{Target::Kind::feedback, {}};
  const bool leaves = name.starts_with(kUnsubscribe);
  const auto id = keys.verify(leaves ? std::string_view(name).substr(kUnsubscribe.size()) : name, now);
  if (!id) return std::nullopt;
  return Target{leaves ? Target::Kind::unsubscribe : Target::Kind::token, id};
}

net::Task<Reply> BounceSession::on_recipient(const smtp::Envelope&, const smtp::Recipient& recipient) {
  const auto& box = recipient.mailbox;
  const auto now = returns_.clock().now();
  const auto target = target_of(box.local(), box.domain(), options_, returns_.keys(), now);
  if (!target && lower(box.domain()) != lower(options_.domain))
    co_return Reply{550, {5, 7, 1}, "Relaying refused: this host takes mail for its own domain only"};
  if (!target) co_return Reply{550, {5, 1, 1}, "No such address here"};
  if (target->id && !limit_.take(*target->id, now))
    co_return Reply{450, {4, 7, 1}, "Too many messages for this address, try again later"};
  co_return Reply{250, {2, 1, 5}, "OK"};
}

Expected<Outcome> BounceSession::judge(const Target& target, bool null_sender, const Feedback& report) {
  const auto id = target.id ? target.id : returns_.token_in(report);
  Outcome unknown;
  unknown.what = "unknown";
  if (!id) return unknown;
  auto to = returns_.find(*id);
  if (!to) return std::unexpected(to.error());
  if (!*to) return unknown;
  if (target.kind != Target::Kind::unsubscribe) return returns_.judge(**to, report);
  // Whoever leaves writes himself: a program's answer, or a bounce of what he wrote, is no wish.
  const bool machine = null_sender || report.kind == Feedback::Kind::autoreply ||
                       report.kind == Feedback::Kind::dsn || report.kind == Feedback::Kind::notice;
  return machine ? Outcome{} : returns_.unsubscribe(**to, Reach::list, "mailto");
}

net::Task<Reply> BounceSession::on_message(const smtp::Envelope& envelope, std::string_view content) {
  const auto report = returns_.parse(content);
  Outcome all;
  for (const auto& recipient : envelope.recipients) {
    const auto& box = recipient.mailbox;
    const auto target =
        target_of(box.local(), box.domain(), options_, returns_.keys(), returns_.clock().now());
    if (!target) continue;
    auto outcome = judge(*target, envelope.sender.address.empty(), report);
    if (!outcome) co_return Reply{451, {4, 3, 0}, "Storage is not available, try again later"};
    std::ranges::move(outcome->events, std::back_inserter(all.events));
    std::ranges::move(outcome->changes.add, std::back_inserter(all.changes.add));
  }
  const auto applied = co_await returns_.apply(std::move(all), options_.store_timeout);
  if (!applied) co_return Reply{451, {4, 3, 0}, "It could not be stored, try again later"};
  co_return Reply{250, {2, 0, 0}, "OK"};
}

}  // namespace sluice::inbound
