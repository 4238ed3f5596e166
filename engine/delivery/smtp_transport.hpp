// The transport of the service: SMTP over TCP.
#pragma once

#include "engine/delivery/transport.hpp"

namespace sluice::delivery {

/// Without state: any thread.
class SmtpNetwork final : public Network {
 public:
  [[nodiscard]] std::unique_ptr<Transport> connection(net::asio::io_context& context,
                                                      net::TlsClientContext& tls,
                                                      smtp::ClientOptions options) override;
};

}  // namespace sluice::delivery
