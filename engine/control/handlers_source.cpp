#include "engine/control/handlers_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <map>

#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using http::answer;
using http::Request;
using http::Response;

constexpr std::size_t kMaxCause = 500;  ///< bytes
constexpr std::int64_t kMaxSeconds = 10LL * 365 * 86'400;

json::object suspension_json(const delivery::Suspension& one) {
  json::object out;
  out["provider"] = one.provider.empty() ? std::string("everywhere") : one.provider;
  out["since"] = to_rfc3339(from_ms(one.since_ms));
  out["until"] = one.until_ms == 0 ? std::string() : to_rfc3339(from_ms(one.until_ms));
  out["cause"] = one.cause;
  out["by"] = one.by;
  return out;
}

/// What a source does at this moment, over all sites.
struct Doing {
  std::size_t connections = 0;
  std::uint64_t attempts = 0;
  std::uint64_t delivered = 0;
};

json::array pools_with(const delivery::Options& options, const std::string& source) {
  json::array out;
  bool has_default = false;
  for (const auto& pool : options.pools) {
    has_default = has_default || pool.name == "default";
    if (std::ranges::find(pool.sources, source) != pool.sources.end()) out.emplace_back(pool.name);
  }
  if (!has_default) out.emplace_back("default");
  return out;
}

Response list(Service& service) {
  std::map<std::string, Doing> doing;
  for (const auto& site : service.delivery().inspect()) {
    for (const auto& path : site.paths) {
      auto& one = doing[path.source];
      one.connections += path.connections;
      one.attempts += path.attempts;
      one.delivered += path.delivered;
    }
  }
  const auto suspensions = service.delivery().sources().suspensions();
  json::array rows;
  for (const auto& source : service.delivery().options().sources) {
    json::object row;
    row["name"] = source.name;
    row["address"] = source.address ? source.address->to_string() : std::string();
    row["address6"] = source.address6 ? source.address6->to_string() : std::string();
    row["ehlo"] = source.ehlo;
    row["pools"] = pools_with(service.delivery().options(), source.name);
    row["connections"] = doing[source.name].connections;
    row["attempts"] = doing[source.name].attempts;
    row["delivered"] = doing[source.name].delivered;
    row["warms_up"] = source.warmup.has_value();
    json::array held;
    for (const auto& one : suspensions) {
      if (one.source == source.name) held.push_back(suspension_json(one));
    }
    row["suspended"] = std::move(held);
    rows.push_back(std::move(row));
  }
  return http::json_response(json::object{{"sources", std::move(rows)}});
}

/// "" (until resumed) or whole seconds.
Expected<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t out = 0;
  if (text.empty()) return out;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || out < 1 || out > kMaxSeconds)
    return fail(ErrorCode::invalid_input, fmt::format("`for` is 1 to {} seconds", kMaxSeconds));
  return out;
}

bool printable(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Providers as mail knows them; a slip would suspend nothing and say nothing.
Expected<> known_provider(Service& service, std::string_view name) {
  const auto& providers = service.delivery().options().providers;
  if (name.empty() || std::ranges::any_of(providers, [&](const auto& one) { return one.name == name; }))
    return {};
  return fail(ErrorCode::not_found, fmt::format("there is no provider \"{}\"", name));
}

Response suspend(Service& service, const Request& request) {
  delivery::Suspension one;
  one.source = request.params.at("source");
  one.provider = request.query_or("provider", "");
  one.cause = request.query_or("cause", "");
  one.by = "operator";
  if (auto known = known_provider(service, one.provider); !known) return http::error_response(known.error());
  if (one.cause.size() > kMaxCause || !printable(one.cause)) {
    return http::error_response(400, "invalid_input",
                                fmt::format("a cause is up to {} bytes without control bytes", kMaxCause));
  }
  const auto seconds = seconds_of(request.query_or("for", ""));
  if (!seconds) return http::error_response(seconds.error());
  const auto now = service.clock().now();
  if (*seconds > 0) one.until_ms = to_ms(now + std::chrono::seconds(*seconds));
  const auto done = service.delivery().sources().suspend(std::move(one), now);
  return done ? list(service) : http::error_response(done.error());
}

Response resume(Service& service, const Request& request) {
  const auto done = service.delivery().sources().resume(request.params.at("source"),
                                                        std::string(request.query_or("provider", "")),
                                                        "operator", service.clock().now());
  return done ? list(service) : http::error_response(done.error());
}

Response warmup(Service& service) {
  json::array rows;
  const auto now = service.clock().now();
  for (const auto& view : service.delivery().warmups().all(now)) {
    const bool warm = view.quota == throttle::kUnlimited;
    json::object row;
    row["source"] = view.source;
    row["provider"] = view.provider.empty() ? std::string("other") : view.provider;
    row["day"] = throttle::to_text(view.state.day);
    row["step"] = std::min(view.state.step + 1, view.steps);
    row["steps"] = view.steps;
    row["warm"] = warm;
    row["quota"] = warm ? json::value(nullptr) : json::value(view.quota);
    row["used"] = view.state.used;
    row["deferred"] = view.state.deferrals;
    row["complaints"] = view.state.complaints;
    const bool early = view.state.day < view.start;
    row["held"] = early ? "starts on " + throttle::to_text(view.start)
                        : std::string(throttle::name_of(view.state.held));
    rows.push_back(std::move(row));
  }
  return http::json_response(json::object{{"warmups", std::move(rows)}});
}

}  // namespace

void add_source_handlers(http::Router& router, Service& service) {
  router.add("GET", "/v1/sources", answer([&service](const Request&) { return list(service); }));
  router.add("PUT", "/v1/sources/{source}/suspension",
             answer([&service](const Request& r) { return suspend(service, r); }));
  router.add("DELETE", "/v1/sources/{source}/suspension",
             answer([&service](const Request& r) { return resume(service, r); }));
  router.add("GET", "/v1/warmups", answer([&service](const Request&) { return warmup(service); }));
}

}  // namespace sluice::control
