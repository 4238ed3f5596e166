#include "engine/inbound/bounce_session.hpp"

namespace sluice::inbound {

using message::Reply;

net::Task<Reply> BounceSession::on_recipient(const smtp::Envelope&, const smtp::Recipient& recipient) {
  const auto& box = recipient.mailbox;
  const auto now = returns_.clock().now();
  const auto target = target_of(box.local(), box.domain(), options_, returns_.keys(), now);
  if (!target) {
    meter_.count("refused");
    if (!ours(box.domain(), options_))
      co_return Reply{550, {5, 7, 1}, "Relaying refused: this host takes mail for its own domain only"};
    co_return Reply{550, {5, 1, 1}, "No such address here"};
  }
  if (target->id && !limit_.take(*target->id, now)) {
    meter_.count("limited");
    co_return Reply{450, {4, 7, 1}, "Too many messages for this address, try again later"};
  }
  co_return Reply{250, {2, 1, 5}, "OK"};
}

net::Task<Reply> BounceSession::on_message(const smtp::Envelope& envelope, std::string_view content) {
  std::vector<Target> targets;
  const auto now = returns_.clock().now();
  for (const auto& recipient : envelope.recipients) {
    const auto& box = recipient.mailbox;
    // Nothing: its key went since RCPT.
    if (auto target = target_of(box.local(), box.domain(), options_, returns_.keys(), now))
      targets.push_back(*target);
  }
  const auto taken = co_await intake_.take(std::move(targets), envelope.sender.address.empty(), content);
  if (!taken) {
    meter_.count("failed");
    co_return Reply{451, {4, 3, 0}, "It could not be stored, try again later"};
  }
  for (const auto& one : *taken) meter_.count(one.what);
  co_return Reply{250, {2, 0, 0}, "OK"};
}

}  // namespace sluice::inbound
