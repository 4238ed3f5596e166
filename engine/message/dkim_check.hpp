// Verifies DKIM signatures (RFC 6376 6, 8301, 8463): what `sluice dkim check` prints and the sink's inbox
// shows. It takes any bytes; keys come from a callback, so it does no DNS itself. Pure, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"

namespace sluice::message {

enum class DkimResult : std::uint8_t {
  pass,
  fail,       ///< understood, but the body, header or signature does not match
  permerror,  ///< the signature or its key record breaks the rules, is revoked or missing
  temperror,  ///< the key could not be asked for now
};

/// "pass", "fail", ...: as Authentication-Results has them.
[[nodiscard]] std::string_view name_of(DkimResult result);

struct DkimVerdict {
  DkimResult result = DkimResult::permerror;
  std::string reason;     ///< one sentence; "" for pass
  std::string domain;     ///< d=, "" where the field could not be read
  std::string selector;   ///< s=
  std::string algorithm;  ///< a=
  bool testing = false;   ///< the key record says t=y
};

struct DkimCheckOptions {
  std::size_t max_signatures = 8;               ///< those after are not looked at
  std::size_t max_header_fields = 1000;         ///< a header with more gets one permerror
  std::size_t max_signature_bytes = 16 * 1024;  ///< a longer field gets permerror
};

/// Gives the TXT record (strings joined) at a name like "s1._domainkey.shop.test". not_found: there is none;
/// any other error: asked in vain (temperror).
using DkimKeyLookup = std::function<Expected<std::string>(const std::string& name)>;

/// One verdict per DKIM-Signature field, from the top; empty: the message is not signed. `header` is the
/// field lines with CRLF, with or without the empty line after them. `now` is held against x=.
[[nodiscard]] std::vector<DkimVerdict> check_dkim(std::string_view header,
                                                  std::span<const std::string_view> body,
                                                  const DkimKeyLookup& lookup, Instant now,
                                                  const DkimCheckOptions& options = {});
/// The same for a whole message; split at the first empty line.
[[nodiscard]] std::vector<DkimVerdict> check_dkim(std::string_view message, const DkimKeyLookup& lookup,
                                                  Instant now, const DkimCheckOptions& options = {});

}  // namespace sluice::message
