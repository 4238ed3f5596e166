#include "engine/delivery/door_session.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <set>

#include "engine/base/log.hpp"
#include "engine/message/header_field.hpp"
#include "engine/smtp/server_received.hpp"

namespace sluice::delivery {
namespace {

using message::Reply;
namespace asio = boost::asio;

constexpr message::AddressOptions kRecipientForm{.trim = false};
/// Programs send as root@localhost; it is theirs to answer for.
constexpr message::AddressOptions kSenderForm{.trim = false, .address_literal = true, .single_label = true};

bool has_high_bit(std::string_view text) {
  unsigned char all = 0;  // to the end, so that the compiler takes many bytes at a time
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all > 127;
}

Reply refuse(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_input:
      return {554, {5, 6, 0}, error.text};
    case ErrorCode::permission:
      return {550, {5, 7, 1}, error.text};
    case ErrorCode::io:
      return {452, {4, 3, 1}, "The message could not be stored, try again later"};
    case ErrorCode::no_space:
      return {452, {4, 3, 1}, "Not enough disk space is free, try again later"};
    case ErrorCode::unavailable:
      return {452, {4, 3, 1}, "Storage is not available, try again later"};
    default:
      return {451, {4, 3, 2}, "Too busy, try again later"};
  }
}

/// Brings a result from another thread to the coroutine that waits for it. Shared by the two; the timer is
/// the coroutine's and is touched by the other side only while `waiting`.
struct Arrival {
  std::mutex mutex;
  bool waiting = true;
  std::optional<Expected<MessageId>> result;
};

/// However the coroutine ends, the other side no longer touches its timer.
struct Leaving {
  explicit Leaving(Arrival& left) : arrival(left) {}
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;
  ~Leaving() {
    const std::lock_guard lock(arrival.mutex);
    arrival.waiting = false;
  }
  Arrival& arrival;
};

}  // namespace

net::Task<Reply> DoorSession::on_connect(const smtp::Envelope&) {
  entered_ = door_.enter(client_);
  if (!entered_) co_return Reply{421, {4, 7, 0}, "Too many connections from your address"};
  if (const auto ready = door_.flow().ready(); !ready && ready.error().code == ErrorCode::no_space) {
    ++door_.messages_deferred;
    co_return Reply{421, {4, 3, 1}, "Not enough disk space is free, try again later"};
  }
  co_return Reply{220, {}, {}};
}

net::Task<Reply> DoorSession::on_mail(const smtp::Envelope& envelope) {
  if (auto ready = door_.flow().ready(); !ready) {
    ++door_.messages_deferred;
    if (ready.error().code != ErrorCode::unavailable) co_return refuse(ready.error());
    co_return Reply{451, {4, 3, 0}, "Storage is not available, try again later"};
  }
  const auto& sender = envelope.sender.address;
  message::Address address;
  if (auto valid = message::parse_address(sender, kSenderForm, address); !sender.empty() && !valid) {
    co_return Reply{553, {5, 1, 7}, "Sender: " + valid.error().text};
  }
  co_return Reply{250, {2, 1, 0}, "OK"};
}

net::Task<Reply> DoorSession::on_recipient(const smtp::Envelope&, const smtp::Recipient& recipient) {
  if (!door_.trusted().contain(client_)) {
    ++door_.relay_refused;
    co_return Reply{550, {5, 7, 1}, "Relaying refused: " + client_ + " is not in trusted_networks"};
  }
  message::Address address;
  if (auto valid = message::parse_address(recipient.mailbox.address, kRecipientForm, address); !valid) {
    ++door_.recipients_refused;
    co_return Reply{550, {5, 1, 3}, valid.error().text};
  }
  co_return Reply{250, {2, 1, 5}, "OK"};
}

std::vector<RawRecipient> DoorSession::recipients_of(const smtp::Envelope& envelope) {
  std::vector<RawRecipient> out;
  std::set<std::string> seen;
  for (const auto& recipient : envelope.recipients) {
    auto address = message::parse_address(recipient.mailbox.address, kRecipientForm);
    // Named twice is sent once.
    if (!address || !seen.insert(address->key(message::Address::Case::sensitive)).second) continue;
    const auto& asked = recipient.parameters;
    out.push_back({std::move(*address), {0, asked.notify, {}, asked.orcpt_type, asked.orcpt}});
  }
  return out;
}

/// Everything but the id. Fails (invalid_input, permission) with a text for the client.
Expected<RawMessage> DoorSession::compose(const smtp::Envelope& envelope, std::string_view content) const {
  auto header = read_raw_header(content);
  if (!header) return fail(ErrorCode::invalid_input, header.error().text);
  if (content.contains('\0')) return fail(ErrorCode::invalid_input, "The text holds a zero byte");
  RawMessage out;
  out.sender = envelope.sender.address;
  if (!header->from && out.sender.empty()) {
    return fail(ErrorCode::invalid_input,
                "The header has no From field and there is no sender to make it of");
  }
  out.recipients = recipients_of(envelope);
  out.eight_bit = has_high_bit(content);
  const bool utf8_sender = has_high_bit(out.sender);
  out.smtp_utf8 = envelope.parameters.smtputf8 && (header->non_ascii || utf8_sender);
  out.ret = static_cast<std::uint8_t>(envelope.parameters.ret);
  out.envid = envelope.parameters.envid;
  out.from_domain = header->from_domain;
  if (!header->from) out.from_domain = message::parse_address(out.sender, kSenderForm)->domain();
  if (const auto& check = door_.options().from_check) {
    const auto why = out.from_domain.empty() ? std::optional<std::string>("From must hold one address")
                                             : check(door_.options().tenant, out.from_domain);
    if (why) return fail(ErrorCode::permission, *why);
  }
  out.content_header_bytes = header->bytes;
  out.content = content;
  if (!content.ends_with("\r\n")) {
    out.content += "\r\n";
    if (header->bytes == content.size()) out.content_header_bytes += 2;
  }
  out.remote_ip = client_;
  out.fields = [&envelope, host = door_.options().server.hostname, found = std::move(*header)](
                   const MessageId& id, Instant at) {
    auto text = smtp::received_header(envelope, host, id.text(), at);
    if (!found.date) {
      text += "Date: ";
      message::append_date(text, at);
      text += "\r\n";
    }
    if (!found.from) text += "From: <" + envelope.sender.address + ">\r\n";
    if (!found.message_id) text += "Message-ID: <" + id.text() + "@" + host + ">\r\n";
    return text;
  };
  return out;
}

net::Task<Expected<MessageId>> DoorSession::store(RawMessage message) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  timer.expires_after(door_.options().store_timeout);
  const auto arrival = std::make_shared<Arrival>();  // shared: see there
  const Leaving leaving(*arrival);
  auto arrived = [arrival, &timer](const Expected<MessageId>& result) {
    const std::lock_guard lock(arrival->mutex);
    if (!arrival->waiting) return;
    arrival->result = result;
    asio::post(timer.get_executor(), [arrival, &timer] {
      const std::lock_guard inner(arrival->mutex);
      if (arrival->waiting) timer.cancel();
    });
  };
  auto taken = door_.flow().submit(std::move(message), std::move(arrived));
  if (!taken) co_return std::unexpected(taken.error());
  const auto look = [&arrival] {
    const std::lock_guard lock(arrival->mutex);
    return arrival->result.has_value();
  };
  // The wait also ends when the session is cut off at shutdown. A message may then be kept without its 250,
  // which costs the client a repeat and no mail.
  if (!look()) co_await timer.async_wait(net::kTuple);
  const std::lock_guard lock(arrival->mutex);
  if (!arrival->result) co_return fail(ErrorCode::timeout, "the message was not stored in time");
  co_return *arrival->result;
}

net::Task<Reply> DoorSession::on_message(const smtp::Envelope& envelope, std::string_view content) {
  if (auto loop = smtp::refuse_loop(content, door_.options().max_received)) {
    ++door_.messages_refused;
    co_return *loop;
  }
  auto message = compose(envelope, content);
  if (!message) {
    ++door_.messages_refused;
    co_return refuse(message.error());
  }
  const auto count = message->recipients.size();
  auto stored = co_await store(std::move(*message));
  if (!stored) {
    ++door_.messages_deferred;
    log::warn("door_message_deferred", {{"client", client_}, {"reason", stored.error().text}});
    co_return refuse(stored.error());
  }
  ++door_.messages;
  door_.recipients += count;
  co_return Reply{250, {2, 0, 0}, "queued as " + stored->text()};
}

}  // namespace sluice::delivery
