#include "engine/dns/route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/dns/name.hpp"
#include "engine/dns/site.hpp"

namespace sluice::dns {
namespace {

constexpr std::array<std::string_view, 4> kTlsWords{"", "off", "opportunistic", "required"};

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::unexpected<Error> bad_host(std::string_view text, std::string_view why) {
  return fail(
      ErrorCode::invalid_input,
      fmt::format("host \"{}\": {}; right would be \"relay.example:587\" or \"[192.0.2.1]:25\"", text, why));
}

/// "*", "*.domain" or a domain, canonical.
Expected<std::string> canonical_match(std::string_view text) {
  if (text == "*") return "*";
  const bool wildcard = text.starts_with("*.");
  auto domain = canonical_domain(wildcard ? text.substr(2) : text);
  if (!domain)
    return fail(domain.error().code,
                domain.error().text + " (\"example.test\", \"*.example.test\" or \"*\")");
  return wildcard ? "*." + *domain : *domain;
}

Expected<Route> make_route(const RouteRule& rule, std::uint16_t default_port) {
  auto match = canonical_match(rule.match);
  if (!match) return std::unexpected(match.error());
  if (rule.hosts.size() > kMaxRouteHosts || (rule.hosts.empty() && rule.pool.empty())) {
    return fail(ErrorCode::invalid_input,
                fmt::format("{} hosts given, 1 to {} are possible, none only where a pool is named",
                            rule.hosts.size(), kMaxRouteHosts));
  }
  if (std::ranges::find(kTlsWords, rule.tls) == kTlsWords.end()) {
    return fail(ErrorCode::invalid_input,
                fmt::format("tls \"{}\" is not \"off\", \"opportunistic\" or \"required\"", rule.tls));
  }
  Route route{std::move(*match), {}, {}, rule.tls, rule.credentials, rule.pool};
  std::vector<std::string> names;
  for (const auto& text : rule.hosts) {
    auto host = parse_route_host(text, default_port);
    if (!host) return std::unexpected(host.error());
    const bool is_v6 = host->address && host->address->is_v6();
    names.push_back(fmt::format("{}:{}", is_v6 ? "[" + host->name + "]" : host->name, host->port));
    route.hosts.push_back(std::move(*host));
  }
  if (!names.empty()) route.site = site_of(std::move(names));
  // Connections opened in another manner are not shared: what must not go in the clear never rides along.
  if (!route.tls.empty()) route.site += ";tls=" + route.tls;
  if (!route.credentials.empty()) route.site += ";as=" + route.credentials;
  return route;
}

}  // namespace

Expected<RouteHost> parse_route_host(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::string_view port_text;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return bad_host(text, "the bracket is not closed");
    host = text.substr(1, close - 1);
    const auto rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return bad_host(text, "only a port may follow the bracket");
    has_port = !rest.empty();
    if (has_port) port_text = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos)
      return bad_host(text, "an IPv6 address needs brackets");
    host = text.substr(0, colon);
    port_text = text.substr(colon + 1);
    has_port = true;
  }
  RouteHost out;
  out.port = default_port;
  if (has_port) {
    const auto port = parse_port(port_text);
    if (!port) return bad_host(text, "the port is not a number from 1 to 65535");
    out.port = *port;
  }
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (!error) {
    out.address = address;
    out.name = address.to_string();
    return out;
  }
  if (text.starts_with('[')) return bad_host(text, "what is in brackets is not an IP address");
  auto name = canonical_host(host);
  if (!name) return bad_host(text, name.error().text);
  out.name = std::move(*name);
  return out;
}

Expected<RouteTable> RouteTable::make(const std::vector<RouteRule>& rules, std::uint16_t default_port) {
  RouteTable table;
  for (const auto& rule : rules) {
    auto route = make_route(rule, default_port);
    if (!route) return fail(route.error(), fmt::format("route \"{}\"", rule.match));
    table.wildcards_ |= route->match.starts_with('*');
    const auto match = route->match;
    if (!table.routes_.try_emplace(match, std::move(*route)).second) {
      return fail(ErrorCode::conflict,
                  fmt::format("route \"{}\": there are two routes for {}", rule.match, match));
    }
  }
  return table;
}

const Route* RouteTable::find(std::string_view domain) const {
  const auto exact = routes_.find(domain);
  if (exact != routes_.end()) return &exact->second;
  if (!wildcards_) return nullptr;
  std::string pattern;
  for (auto dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.', dot + 1)) {
    pattern.assign("*").append(domain.substr(dot));
    const auto found = routes_.find(pattern);
    if (found != routes_.end()) return &found->second;
  }
  const auto all = routes_.find(std::string_view("*"));
  return all == routes_.end() ? nullptr : &all->second;
}

HostSelection selection_of(const Route& route) {
  HostSelection out;
  out.site = route.site;
  out.kind = PlanKind::route;
  for (const auto& host : route.hosts) {
    out.hosts.push_back({host.name, static_cast<std::uint16_t>(out.hosts.size()), host.port});
  }
  return out;
}

}  // namespace sluice::dns
