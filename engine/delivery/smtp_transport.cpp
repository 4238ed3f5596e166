#include "engine/delivery/smtp_transport.hpp"

namespace sluice::delivery {
namespace {

/// Hands the client's own tasks on: no coroutine of its own between the path and the connection.
class SmtpTransport final : public Transport {
 public:
  SmtpTransport(net::asio::io_context& context, net::TlsClientContext& tls, smtp::ClientOptions options)
      : client_(context, tls, std::move(options)) {}

  net::Task<std::expected<smtp::Opened, smtp::FailedOpen>> open(smtp::Target target) override {
    return client_.open(std::move(target));
  }
  net::Task<smtp::TransactionResult> send(const smtp::Message& message, const smtp::Envelope* next) override {
    return client_.send(message, next);
  }
  net::Task<> quit() override { return client_.quit(); }
  net::Task<smtp::IdleEnd> idle(std::chrono::milliseconds wait) override {
    return client_.idle(net::Deadline::after(wait));
  }
  void wake() override { client_.wake(); }
  [[nodiscard]] bool usable() const override { return client_.usable(); }
  [[nodiscard]] bool next_begun() const override { return client_.next_begun(); }
  [[nodiscard]] std::size_t messages() const override { return client_.messages(); }

 private:
  smtp::ClientConnection client_;
};

}  // namespace

std::unique_ptr<Transport> SmtpNetwork::connection(net::asio::io_context& context, net::TlsClientContext& tls,
                                                   smtp::ClientOptions options) {
  return std::make_unique<SmtpTransport>(context, tls, std::move(options));
}

}  // namespace sluice::delivery
