// What a server offered in its EHLO reply (RFC 5321 §4.1.1.1). After HELO nothing is offered.
#pragma once

#include <cstdint>

#include "engine/message/reply.hpp"

namespace sluice::smtp {

struct Capabilities {
  bool pipelining = false;       ///< RFC 2920
  bool eight_bit_mime = false;   ///< RFC 6152
  bool smtp_utf8 = false;        ///< RFC 6531
  bool starttls = false;         ///< RFC 3207
  bool chunking = false;         ///< RFC 3030
  bool dsn = false;              ///< RFC 3461
  bool enhanced_status = false;  ///< RFC 2034
  bool size = false;             ///< RFC 1870: MAIL may carry SIZE=
  std::uint64_t max_size = 0;    ///< bytes; 0: no fixed limit is known
  bool auth_plain = false;       ///< RFC 4616
  bool auth_login = false;

  /// Keywords in any case; unknown ones and malformed parameters are skipped, the last of a repeated keyword
  /// counts.
  [[nodiscard]] static Capabilities parse(const message::Reply& ehlo);

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

}  // namespace sluice::smtp
