// Static routes and smart hosts: mail for a domain goes to hosts the operator names instead of to its MX.
//
//   match   "example.test"     that domain only
//           "*.example.test"   every domain below it, not the domain itself
//           "*"                every domain
//   hosts   "relay.example:587", "[192.0.2.1]:25", "[2001:db8::1]:25"; tried in the order written
// The most specific match wins: the exact domain, then the longest "*." suffix, then "*". Host names are
// looked up for addresses, never for MX records. The site of a route is made from "host:port", so that a
// relay's two ports are two, and from what it asks of a connection: "relay.example:587;tls=required;as=shop".
// Threads: a table is immutable; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/dns/mx_plan.hpp"

namespace sluice::dns {

inline constexpr std::size_t kMaxRouteHosts = 32;

/// One [[route]] as the configuration has it; [[policy]]-like keys other than the domain are the delivery
/// layer's.
struct RouteRule {
  std::string match;
  std::vector<std::string> hosts;
  std::string tls;          ///< "", "off", "opportunistic", "required"
  std::string credentials;  ///< reference into the credentials, carried along; "" = none
  std::string pool{};  ///< source pool, carried along; "" = the message's own. With it `hosts` may be empty
};

struct RouteHost {
  std::string name;  ///< canonical host name, or the address in text form
  std::uint16_t port = 25;
  std::optional<Address> address;  ///< set when given by address: nothing to look up
};

struct Route {
  std::string match;
  std::string site;              ///< without hosts: what sets it apart of the domain's site, put behind that
  std::vector<RouteHost> hosts;  ///< empty: where the domain's MX says
  std::string tls;
  std::string credentials;
  std::string pool;
};

/// "host", "host:port", "[address]", "[address]:port" or "IPv4:port"; without a port `default_port`.
[[nodiscard]] Expected<RouteHost> parse_route_host(std::string_view text, std::uint16_t default_port);

class RouteTable {
 public:
  RouteTable() = default;

  /// Validates every rule; the error names the rule by its match, what is wrong and what would be right. Two
  /// rules with one match are a conflict.
  [[nodiscard]] static Expected<RouteTable> make(const std::vector<RouteRule>& rules,
                                                 std::uint16_t default_port);

  /// `domain` must be canonical. Null when no route matches; valid as long as the table.
  [[nodiscard]] const Route* find(std::string_view domain) const;

  [[nodiscard]] bool empty() const { return routes_.empty(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, Route, Hash, std::equal_to<>> routes_;  // by match
  bool wildcards_ = false;
};

/// The route's hosts as make_plan() takes them: preference = position.
[[nodiscard]] HostSelection selection_of(const Route& route);

}  // namespace sluice::dns
