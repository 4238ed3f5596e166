#include "engine/smtp/server_session.hpp"

#include <utility>

#include "engine/base/assert.hpp"

namespace sluice::smtp {

using message::Reply;
using Step = ServerMachine::Step;

Peer peer_of(const net::Stream& stream) {
  const auto remote = stream.peer();
  const auto local = stream.local();
  return {.address = remote.address().to_string(),
          .port = remote.port(),
          .local_address = local.address().to_string(),
          .local_port = local.port()};
}

ServerSession::ServerSession(const ServerOptions& options, net::Stream stream,
                             std::unique_ptr<ServerHandler> handler, const net::TlsServerContext* tls)
    : options_(options),
      tls_(tls),
      stream_(std::move(stream)),
      machine_(options, peer_of(stream_), stream_.is_tls()),
      handler_(std::move(handler)) {
  SLUICE_ASSERT(handler_ != nullptr && (tls_ != nullptr || !options_.starttls));
}

net::Task<> ServerSession::run() {
  for (;;) {
    const auto step = machine_.next();
    switch (step) {
      case Step::flush: {
        const auto written = co_await write();
        if (!written) co_return;
        break;
      }
      case Step::read: {
        if (draining_ && machine_.idle()) {
          machine_.shut_down();
          break;
        }
        const auto more = co_await read();
        if (!more) co_return;
        break;
      }
      case Step::start_tls: {
        const auto started = co_await start_tls();
        if (!started) co_return;
        break;
      }
      case Step::close: {
        const auto written = co_await write();
        handler_.reset();  // before the peer can see the end and open its next connection
        if (written) stream_.shutdown();
        stream_.close();
        co_return;
      }
      default: {
        const auto reply = co_await ask(step);
        machine_.answer(reply);
      }
    }
  }
}

net::Task<Reply> ServerSession::ask(Step step) {
  const auto& envelope = machine_.envelope();
  switch (step) {
    case Step::connect:
      return handler_->on_connect(envelope);
    case Step::mail:
      return handler_->on_mail(envelope);
    case Step::recipient:
      return handler_->on_recipient(envelope, machine_.candidate());
    default:
      return handler_->on_message(envelope, machine_.content());
  }
}

/// Writes what was said, then waits for the peer. False: the connection is over.
net::Task<bool> ServerSession::read() {
  if (!machine_.output().empty()) {
    const auto written = co_await write();
    if (!written) co_return false;
  }
  watch_peer();
  const auto room = machine_.prepare();
  reading_ = true;
  const auto n = co_await stream_.read_some(room);
  reading_ = false;
  if (!n || *n == 0) {
    stream_.close();
    co_return false;
  }
  machine_.received(*n);
  co_return true;
}

net::Task<bool> ServerSession::write() {
  auto& output = machine_.output();
  const std::string_view bytes = output;
  net::WriteCursor cursor(std::span(&bytes, 1));
  const auto step = stream_.try_write(cursor);
  if (step.status != net::IoStatus::done) {
    stream_.set_deadline(net::Deadline::after(options_.write_timeout));
    wait_number_ = ~std::uint64_t{0};
    const auto written = co_await stream_.write(cursor);
    if (!written) {
      stream_.close();
      co_return false;
    }
  }
  output.clear();
  co_return true;
}

net::Task<bool> ServerSession::start_tls() {
  const auto written = co_await write();
  if (!written) co_return false;
  const auto deadline = net::Deadline::after(options_.tls_timeout);
  const auto done = co_await stream_.start_tls(*tls_, deadline);
  if (!done) {
    stream_.close();
    co_return false;
  }
  auto summary = stream_.tls();
  machine_.tls_started(std::move(summary.version), std::move(summary.cipher));
  co_return true;
}

/// A new deadline for a new wait; none for the next piece of the same command or text.
void ServerSession::watch_peer() {
  if (machine_.wait_number() == wait_number_) return;
  wait_number_ = machine_.wait_number();
  const bool text = machine_.waiting() == ServerMachine::Waiting::text;
  peer_deadline_ = net::Deadline::after(text ? options_.text_timeout : options_.command_timeout);
  stream_.set_deadline(net::Deadline::after(kGrace, peer_deadline_.time()));
}

/// Says what the machine has to say, if the socket takes it, and ends the wait for the peer.
void ServerSession::interrupt() {
  const std::string_view bytes = machine_.output();
  net::WriteCursor cursor(std::span(&bytes, 1));
  (void)stream_.try_write(cursor);
  stream_.shutdown();
  stream_.close();
}

void ServerSession::drain() {
  draining_ = true;
  if (!reading_ || !machine_.idle()) return;
  machine_.shut_down();
  interrupt();
}

void ServerSession::expire(net::Deadline::Clock::time_point now) {
  if (!reading_ || !peer_deadline_.passed(now)) return;
  machine_.timed_out();
  interrupt();
}

}  // namespace sluice::smtp
