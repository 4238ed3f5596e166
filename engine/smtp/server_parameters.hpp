// ESMTP parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), and RET, ENVID,
// NOTIFY, ORCPT with xtext (RFC 3461). Strict: unknown (555), repeated, malformed or over-long parameters
// (501) are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/message/reply.hpp"

namespace sluice::smtp {

inline constexpr std::size_t kMaxEnvidBytes = 100;  ///< RFC 3461 §4.4, encoded
inline constexpr std::size_t kMaxOrcptBytes = 500;  ///< RFC 3461 §4.2, encoded

enum class Body : std::uint8_t { seven_bit, eight_bit };
enum class Return : std::uint8_t { unspecified, full, headers };

struct MailParameters {
  std::optional<std::uint64_t> size;  ///< what the client promises, in bytes
  Body body = Body::seven_bit;
  bool smtputf8 = false;
  Return ret = Return::unspecified;
  std::string envid;  ///< decoded
};

/// NOTIFY as bits; none set = not given.
enum Notify : std::uint8_t { kNotifyNever = 1, kNotifySuccess = 2, kNotifyFailure = 4, kNotifyDelay = 8 };

struct RecipientParameters {
  std::uint8_t notify = 0;
  std::string orcpt_type;  ///< "rfc822", "utf-8" …
  std::string orcpt;       ///< decoded
};

/// Which parameters the server has offered; the others are refused as unknown.
struct ParameterSet {
  bool size = true;
  bool eight_bit_mime = true;
  bool smtputf8 = true;
  bool dsn = true;
};

/// `text` is what follows the path: empty, or " KEY[=VALUE]" again and again. Nothing on success, else the
/// reply.
[[nodiscard]] std::optional<message::Reply> parse_parameters(std::string_view text,
                                                             const ParameterSet& offered,
                                                             MailParameters& out);
[[nodiscard]] std::optional<message::Reply> parse_parameters(std::string_view text,
                                                             const ParameterSet& offered,
                                                             RecipientParameters& out);

/// RFC 3461 §4: `+` and two upper-case hexadecimal digits stand for a byte. Nothing for anything that is no
/// xtext.
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);

}  // namespace sluice::smtp
