// The Path of RFC 5321 §4.1.2 as a server must read it: strict, source routes dropped, quoted local parts
// kept as written. Pure; errors are texts for the reply. Views point into the line given.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>

namespace sluice::smtp {

inline constexpr std::size_t kMaxPathBytes = 256;      ///< RFC 5321 §4.5.3.1.3, with the angle brackets
inline constexpr std::size_t kMaxLocalPartBytes = 64;  ///< §4.5.3.1.1
inline constexpr std::size_t kMaxDomainBytes = 255;    ///< §4.5.3.1.2
inline constexpr std::size_t kMaxLabelBytes = 63;      ///< RFC 1035 §2.3.4

struct Path {
  std::string_view address;  ///< `local@domain`, quotes and literal brackets kept; "" for the null path <>
  std::size_t at = 0;        ///< where the last '@' is; address.size() for <Postmaster> and <>
  bool utf8 = false;         ///< holds bytes above 127 (valid UTF-8): needs SMTPUTF8

  [[nodiscard]] bool null() const { return address.empty(); }
  [[nodiscard]] std::string_view local() const { return address.substr(0, at); }
  [[nodiscard]] std::string_view domain() const {
    return at < address.size() ? address.substr(at + 1) : std::string_view{};
  }
};

enum class PathUse {
  reverse,  ///< MAIL FROM: <> is allowed
  forward,  ///< RCPT TO: <Postmaster> is allowed, <> is not
};

/// Takes a path from the front of `rest`, leaving what follows the '>'. On failure says why in a short phrase
/// (static storage) and leaves `rest` unspecified.
[[nodiscard]] std::expected<Path, const char*> take_path(std::string_view& rest, PathUse use);

/// A Domain or address literal of §4.1.2-3, at most kMaxDomainBytes.
[[nodiscard]] bool is_domain(std::string_view text);
[[nodiscard]] bool is_address_literal(std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace sluice::smtp
