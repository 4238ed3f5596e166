// How a client talks to one destination: what delivery fills from configuration, policy and provider file.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "engine/smtp/reply_parser.hpp"
#include "engine/smtp/stage.hpp"

namespace sluice::smtp {

enum class TlsPolicy {
  none,           ///< never STARTTLS
  opportunistic,  ///< if offered, any certificate; if the handshake breaks, again in plain text on a new
                  ///< connection
  required,       ///< any certificate, but never plain text
  verified,       ///< required, with a certificate for the host name from a trusted CA
};

/// Used under verified TLS only; otherwise the connection fails at Stage::auth before anything secret is
/// sent.
struct Credentials {
  std::string user;      ///< no NUL
  std::string password;  ///< no NUL
};

/// How long each stage may last.
struct Timeouts {
  using Duration = std::chrono::milliseconds;

  std::array<Duration, kStageCount> stage = defaults();
  Duration block = std::chrono::minutes(3);           ///< content: without one byte taken by the peer
  Duration content_total = std::chrono::minutes(30);  ///< content: from its first byte to the dot written

  [[nodiscard]] Duration operator[](Stage s) const { return stage[static_cast<std::size_t>(s)]; }
  [[nodiscard]] Duration& operator[](Stage s) { return stage[static_cast<std::size_t>(s)]; }

 private:
  static constexpr std::array<Duration, kStageCount> defaults() {
    std::array<Duration, kStageCount> out{};
    for (std::size_t i = 0; i < kStageCount; ++i) out[i] = kStages[i].wait;
    return out;
  }
};

struct ClientOptions {
  std::string ehlo_name = "localhost";  ///< a host name or address literal, printable ASCII without spaces
  TlsPolicy tls = TlsPolicy::opportunistic;
  bool implicit_tls = false;  ///< TLS from the first byte (port 465); `tls` then says only whether to verify
  std::optional<Credentials> auth;
  Timeouts timeouts;
  ReplyLimits reply_limits;
  bool pipelining = true;        ///< use it where offered
  bool chunking = false;         ///< use BDAT where offered; messages are then not pipelined over each other
  std::size_t max_messages = 0;  ///< transactions a connection, refused ones count; 0: no limit
  std::size_t max_recipients =
      100;  ///< RCPT a transaction, 1-1000; the rest get LocalFailure::too_many_recipients
  std::size_t read_buffer_bytes = 2048;  ///< first size of the read buffer; it grows up to one reply's limit
};

}  // namespace sluice::smtp
