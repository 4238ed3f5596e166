// ClientConnection's transactions: what to write together, when a loss becomes a doubt, when to begin the
// next one.
#include <functional>
#include <utility>

#include "engine/base/assert.hpp"
#include "engine/smtp/client_connection.hpp"

namespace sluice::smtp {

using net::Deadline;
using net::IoStatus;
using net::IoStep;
using net::Task;
using net::WriteCursor;

namespace {

constexpr std::size_t kKeepContentBytes = 65536;  // more is given back after the message

/// Not 0. Guards against sending a message to the recipients of another.
std::uint64_t fingerprint(const Envelope& envelope) {
  std::uint64_t print = std::hash<std::string_view>()(envelope.sender);
  for (const auto recipient : envelope.recipients)
    print = print * 0x9e3779b97f4a7c15u + std::hash<std::string_view>()(recipient);
  return print | 1;
}

}  // namespace

Task<TransactionResult> ClientConnection::send(const Message& message, const Envelope* next) {
  SLUICE_ASSERT(usable());
  TransactionResult result;
  commands_.clear();
  auto action = next_begun() ? resume(message, result) : begin(message);
  while (action != Do::done && action != Do::close) {
    if (action != Do::read) {
      assemble(action, next, result);
      WriteCursor cursor(views_);
      Expected<> written;
      const auto step = stream_.try_write(cursor);
      if (step.status != IoStatus::done) written = co_await finish_write(cursor, step);
      if (content_end_ != 0 && cursor.moved() >= content_end_) current_.content_left();
      if (!written) {
        action = lost_while_writing(written.error());
        continue;
      }
      after_write(action, Clock::now(), result);
    }
    const auto stage = current_.stage();
    auto reply = buffered_reply(stage);
    if (!reply) reply = co_await read_reply(stage);
    commands_.clear();
    result.replies += reply->has_value() ? 1 : 0;
    action = *reply ? current_.on_reply(std::move(**reply), commands_) : current_.on_lost(reply->error());
  }
  content_.trim(kKeepContentBytes);
  if (action == Do::close) close();
  result.recipients = current_.take_results();
  result.finished = Clock::now();
  result.next_begun = next_begun();
  result.reports_passed = server_.dsn && !message.envelope.report.empty();
  result.reusable = usable();
  co_return result;
}

ClientConnection::Do ClientConnection::begin(const Message& message) {
  Transaction::Plan plan;
  plan.pipelining = uses_pipelining();
  plan.reset_first = current_.needs_reset();
  if (uses_chunking() && message.form != ContentForm::stuffed) plan.end = ContentEnd::chunk;
  if (!content_.prepare(message, plan.end)) plan.refuse = LocalFailure::illegal_message;
  plan.content_bytes = content_.size();
  const auto action = current_.begin(message.envelope, server_, options_, plan, commands_);
  if (action == Do::done) return action;
  ++messages_;
  if (!buffer_.empty() && !buffer_.unread().starts_with("421"))
    return current_.on_lost({ErrorCode::invalid_input, "protocol error: the server spoke unasked"});
  return action;
}

ClientConnection::Do ClientConnection::resume(const Message& message, TransactionResult& result) {
  SLUICE_ASSERT(begun_ == fingerprint(message.envelope));
  begun_ = 0;
  std::swap(current_, next_);
  result.mail_written = begun_at_;
  if (content_.prepare(message, ContentEnd::final_dot)) return Do::read;
  // DATA is out already: an empty message would be delivered if we ended it, so the connection goes.
  return current_.give_up(LocalFailure::illegal_message);
}

void ClientConnection::assemble(Do action, const Envelope* next, TransactionResult& result) {
  views_.clear();
  content_end_ = 0;
  next_in_views_ = false;
  if (action == Do::write_dot) {
    views_.push_back(".\r\n");
    return;
  }
  const auto own_commands = commands_.size();
  if (action == Do::write_content) {
    const bool by_dot = !uses_chunking();
    const bool may_begin = next != nullptr && (next->consent == nullptr || next->consent->given());
    if (may_begin && by_dot && uses_pipelining() && may_take_another()) {
      Transaction::Plan plan;
      plan.pipelining = true;
      next_in_views_ = next_.begin(*next, server_, options_, plan, commands_) == Do::write;
      if (next_in_views_) begun_ = fingerprint(*next);
    }
    views_.push_back(std::string_view(commands_).substr(0, own_commands));
    views_.insert(views_.end(), content_.pieces().begin(), content_.pieces().end());
    content_end_ = own_commands + content_.size();
    result.bytes_sent = content_.size();
  }
  if (action == Do::write) views_.push_back(commands_);
  if (next_in_views_) views_.push_back(std::string_view(commands_).substr(own_commands));
}

Task<Expected<>> ClientConnection::finish_write(WriteCursor& cursor, IoStep step) {
  const auto total = Deadline::after(options_.timeouts.content_total);
  bool renew = true;
  while (step.status != IoStatus::done) {
    if (step.status == IoStatus::failed) co_return std::unexpected(stream_.explain(step));
    // Every byte taken renews the block's time, within the content's.
    if (renew) stream_.set_deadline(Deadline::after(options_.timeouts.block).sooner(total));
    const auto moved = cursor.moved();
    auto waited = co_await stream_.wait(step.status);
    if (!waited) co_return waited;
    step = stream_.try_write(cursor);
    renew = cursor.moved() != moved;
  }
  co_return Expected<>();
}

void ClientConnection::after_write(Do action, Clock::time_point now, TransactionResult& result) {
  if (action == Do::write_content) result.content_written = now;
  const auto stage = current_.stage();
  const bool mail_left = stage == Stage::mail || (stage == Stage::rset && uses_pipelining());
  if (mail_left && result.mail_written == Clock::time_point()) result.mail_written = now;
  if (!next_in_views_) return;
  begun_at_ = now;
  ++messages_;
}

ClientConnection::Do ClientConnection::lost_while_writing(const Error& error) {
  begun_ = 0;
  // A server that refuses early says so and hangs up: its words are worth more than our broken pipe.
  const auto room = buffer_.prepare(4096);
  if (!room.empty()) {
    const auto step = stream_.try_read(room);
    if (step.status == IoStatus::done) buffer_.commit(step.bytes);
  }
  for (auto reply = buffered_reply(current_.stage()); reply && *reply;
       reply = buffered_reply(current_.stage())) {
    // An acceptance of content that has not all left is none.
    if (current_.stage() == Stage::dot && (*reply)->positive() && !current_.content_has_left()) break;
    const auto action = current_.on_reply(std::move(**reply), commands_);
    if (action == Do::done || action == Do::close) return Do::close;
  }
  auto lost = error;
  lost.text = "sending while " + std::string(row_of(current_.stage()).doing) + ": " + error.text;
  return current_.on_lost(lost);
}

}  // namespace sluice::smtp
