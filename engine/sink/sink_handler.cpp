#include "engine/sink/sink_handler.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "engine/sink/message_key.hpp"

namespace sluice::sink {

using message::Reply;

SinkHandler::~SinkHandler() {
  if (connected_) site_.disconnect();
}

std::chrono::milliseconds SinkHandler::next_delay() {
  const auto& persona = site_.persona();
  if (persona.tarpit_step.count() > 0)
    tarpit_ = std::min(tarpit_ + persona.tarpit_step, persona.tarpit_limit);
  return persona.reply_delay + tarpit_;
}

net::Task<> SinkHandler::pause(std::chrono::milliseconds time) {
  const auto executor = co_await net::asio::this_coro::executor;
  net::asio::steady_timer timer(executor, time);
  co_await timer.async_wait(net::kTuple);
}

net::Task<Reply> SinkHandler::on_connect(const smtp::Envelope& /*envelope*/) {
  connected_ = true;
  auto refusal = site_.connect();
  if (const auto delay = next_delay(); delay.count() > 0) co_await pause(delay);
  co_return refusal ? std::move(*refusal) : Reply{220, {}, {}};
}

net::Task<Reply> SinkHandler::on_mail(const smtp::Envelope& envelope) {
  if (const auto delay = next_delay(); delay.count() > 0) co_await pause(delay);
  auto refusal = site_.mail(mails_, envelope.tls, Site::Clock::now());
  if (refusal) co_return std::move(*refusal);
  ++mails_;
  mail_us_ = std::chrono::duration_cast<std::chrono::microseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
                 .count();
  co_return Reply{250, {2, 1, 0}, "OK"};
}

net::Task<Reply> SinkHandler::on_recipient(const smtp::Envelope& envelope, const smtp::Recipient& recipient) {
  if (const auto delay = next_delay(); delay.count() > 0) co_await pause(delay);
  auto verdict = site_.recipient(envelope.sender.address, recipient.mailbox.address, Site::Clock::now());
  if (!verdict.reply.positive()) {
    books_.domains.with([&](DomainTable& domains) {
      auto& counts = domains.at(recipient.mailbox.domain());
      ++(verdict.reply.permanent() ? counts.refused : counts.deferred);
    });
  }
  co_return std::move(verdict.reply);
}

net::Task<Reply> SinkHandler::on_message(const smtp::Envelope& envelope, std::string_view content) {
  const bool dropped = site_.drops();
  if (dropped) site_.counters().dropped.fetch_add(1, std::memory_order_relaxed);
  if (!dropped || site_.persona().drop_keeps_message) book(envelope, content, !dropped);
  if (const auto delay = next_delay(); delay.count() > 0) co_await pause(delay);
  if (dropped) co_return Reply{};
  co_return Reply{250, {2, 0, 0}, "OK"};
}

void SinkHandler::book(const smtp::Envelope& envelope, std::string_view content, bool answered) {
  auto& counters = site_.counters();
  constexpr auto kRelaxed = std::memory_order_relaxed;
  site_.message(envelope.recipients.size(), content.size(), Site::Clock::now());
  if (books_.ledger == nullptr) return;
  const auto id = find_id(content);
  if (!id) counters.unidentified.fetch_add(1, kRelaxed);
  const Arrival arrival{mail_us_, envelope.peer.address};
  for (const auto& recipient : envelope.recipients) {
    const auto& mailbox = recipient.mailbox;
    const bool duplicate = id && books_.ledger->add(*id, mailbox.address, site_.persona().name, answered,
                                                    arrival) == Ledger::Seen::duplicate;
    if (duplicate) counters.duplicates.fetch_add(1, kRelaxed);
    books_.domains.with([&](DomainTable& domains) {
      auto& counts = domains.at(mailbox.domain());
      ++(duplicate ? counts.duplicates : counts.delivered);
    });
  }
  books_.samples.offer(envelope, content);
  books_.inbox.offer(envelope, site_.persona().name, content);
}

}  // namespace sluice::sink
