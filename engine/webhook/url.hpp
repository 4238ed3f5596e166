// Where an endpoint is: the parts of its URL that a request needs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace sluice::webhook {

struct Url {
  bool tls = true;
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 443;
  std::string authority;  ///< for the Host header
  std::string target = "/";

  /// http:// or https://, host, port, path and query; no user, no fragment, no blank or control byte.
  [[nodiscard]] static Expected<Url> parse(std::string_view text);
  /// "localhost", a name below it, or an address of the loopback net.
  [[nodiscard]] bool is_loopback() const;
};

/// invalid_input: plain text over a network, which `plain` would allow.
[[nodiscard]] Expected<> check_transport(const Url& url, bool plain);

}  // namespace sluice::webhook
