// How delivery reaches a receiver: one connection as a Path uses it, and what makes connections. SMTP in the
// service (smtp_transport.hpp); receivers without a network in the simulation. One virtual call a message.
//
// One owner, one operation at a time, on the io_context's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <expected>
#include <memory>

#include "engine/net/task.hpp"
#include "engine/net/tls.hpp"
#include "engine/smtp/client_connection.hpp"

namespace sluice::delivery {

/// Each call means what smtp::ClientConnection's of the same name does.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual net::Task<std::expected<smtp::Opened, smtp::FailedOpen>> open(smtp::Target target) = 0;
  /// `message` and `next` must live until the task ends. Requires usable().
  virtual net::Task<smtp::TransactionResult> send(const smtp::Message& message,
                                                  const smtp::Envelope* next) = 0;
  virtual net::Task<> quit() = 0;
  /// Watches the unused connection for so long, until wake(), or until the receiver leaves.
  virtual net::Task<smtp::IdleEnd> idle(std::chrono::milliseconds wait) = 0;
  virtual void wake() = 0;
  [[nodiscard]] virtual bool usable() const = 0;
  /// The next envelope's commands are out: the next send() must be for it, or there is none.
  [[nodiscard]] virtual bool next_begun() const = 0;
  /// Transactions begun since open().
  [[nodiscard]] virtual std::size_t messages() const = 0;
};

/// Makes connections; called on any worker's thread.
class Network {
 public:
  virtual ~Network() = default;
  /// Not open yet. `context` and `tls` outlive it.
  [[nodiscard]] virtual std::unique_ptr<Transport> connection(net::asio::io_context& context,
                                                              net::TlsClientContext& tls,
                                                              smtp::ClientOptions options) = 0;
};

}  // namespace sluice::delivery
