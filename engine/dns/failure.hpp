// Why a domain has no route: the one form the MX plan, the routes and the router fail in.
#pragma once

#include <string>

namespace sluice::dns {

/// The bounce class of a failed resolution; the words are those of the event log.
enum class FailureClass {
  invalid_domain,  ///< the domain takes no mail: no such domain, null MX, no mail host
  dns,             ///< the name service did not answer usefully, or its answer leads back to us
};

/// "invalid-domain", "dns".
[[nodiscard]] constexpr const char* name_of(FailureClass c) {
  return c == FailureClass::invalid_domain ? "invalid-domain" : "dns";
}

struct RouteFailure {
  bool permanent = false;  ///< bounce; otherwise try again later
  FailureClass failure_class = FailureClass::dns;
  std::string enhanced;  ///< RFC 3463 code with the subject 1 or 4, such as "5.1.10"
  std::string text;      ///< one printable sentence that names the domain
};

}  // namespace sluice::dns
