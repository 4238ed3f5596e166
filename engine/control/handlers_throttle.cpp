#include "engine/control/handlers_throttle.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using http::Request;
using http::Response;
using http::Task;

constexpr std::size_t kMaxShown = 1000;  ///< limits in one answer; those that hold somebody back come first
constexpr std::chrono::hours kLongest{24 * 366};  ///< an operator's override

template <class Fn>
http::Handler answer(Fn fn) {
  return [fn](Request request) -> Task<Response> { co_return fn(request); };
}

std::string time_or_empty(Instant at) { return at == Instant::max() ? std::string() : to_rfc3339(at); }

json::object override_json(const throttle::Override& override) {
  json::object match;
  for (std::size_t i = 0; i < throttle::kDimensions; ++i) {
    const auto dimension = static_cast<throttle::Dimension>(i);
    if (!override.match[dimension].empty()) match[throttle::name_of(dimension)] = override.match[dimension];
  }
  json::object out;
  out["id"] = override.id;
  out["match"] = std::move(match);
  out["effect"] = throttle::effect_of(override);
  out["until"] = to_rfc3339(override.until);
  out["by"] = override.by;
  out["cause"] = override.cause;
  return out;
}

json::array overrides_json(Service& service) {
  json::array out;
  for (const auto& override : service.policies().overrides(service.clock().now()))
    out.push_back(override_json(override));
  return out;
}

Response show(Service& service, const Request& request) {
  const auto now = service.clock().now();
  const auto text = request.query_or("name", "");
  auto limits = service.policies().view(now);
  std::erase_if(limits, [&](const auto& limit) { return limit.name.find(text) == std::string::npos; });
  std::ranges::sort(limits, [](const auto& a, const auto& b) {
    return a.waiting != b.waiting ? a.waiting > b.waiting : a.name < b.name;
  });
  json::array rows;
  for (const auto& limit : limits) {
    if (rows.size() == kMaxShown) break;
    json::object row;
    row["name"] = limit.name;
    row["kind"] = limit.kind;
    row["state"] = limit.state;
    row["waiting"] = limit.waiting;
    row["ready"] = limit.ready <= now ? std::string() : time_or_empty(limit.ready);
    rows.push_back(std::move(row));
  }
  json::object out;
  out["limits"] = std::move(rows);
  out["limits_found"] = limits.size();
  out["overrides"] = overrides_json(service);
  return http::json_response(out);
}

template <class Number>
bool read(std::string_view text, Number& into) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), into);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

Expected<> read_word(throttle::Override& out, std::string_view key, std::string_view value, Instant now) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::invalid_input, std::string(key) + " " + std::string(what));
  };
  if (const auto dimension = throttle::dimension_of(key)) {
    out.match[*dimension] = value;
  } else if (key == "pause") {
    out.pause = value == "1";
  } else if (key == "scale") {
    if (!read(value, out.scale.emplace())) return refuse("is a share, as in 0.25");
  } else if (key == "connections") {
    if (!read(value, out.connections.emplace())) return refuse("is a number");
  } else if (key == "message_rate") {
    auto rate = throttle::Rate::parse(value);
    if (!rate) return std::unexpected(rate.error());
    out.message_rate = *rate;
  } else if (key == "for_ms") {
    std::int64_t ms = 0;
    if (!read(value, ms) || ms <= 0 || std::chrono::milliseconds(ms) > kLongest)
      return refuse("is 1 ms to 366 days");
    out.until = now + std::chrono::milliseconds(ms);
  } else if (key == "cause") {
    out.cause = value;
  } else {
    return refuse("is not known here");
  }
  return {};
}

Response set(Service& service, const Request& request) {
  const auto now = service.clock().now();
  throttle::Override override;
  override.id = request.params.at("id");
  override.by = "operator";
  for (const auto& [key, value] : request.query) {
    if (auto done = read_word(override, key, value, now); !done) return http::error_response(done.error());
  }
  if (auto done = service.policies().set_override(override, now); !done)
    return http::error_response(done.error());
  return http::json_response(json::object{{"overrides", overrides_json(service)}});
}

Response clear(Service& service, const Request& request) {
  const auto& id = request.params.at("id");
  auto done = service.policies().clear_override(id, service.clock().now());
  if (!done) return http::error_response(done.error());
  service.shaper().engine().cancelled(id);  // or its next step would set it again
  return http::json_response(json::object{{"overrides", overrides_json(service)}});
}

/// A word left out must not refill everything.
Response reset(Service& service, const Request& request) {
  const auto name = request.query_or("name", "");
  if (name.empty() && request.query_or("all", "") != "1")
    return http::error_response(400, "invalid_input", "this would refill every limit; say all=1 if it shall");
  const auto count = service.policies().reset(name);
  if (count == 0) return http::error_response(404, "not_found", "no rate or quota has that in its name");
  service.limits_changed();
  return http::json_response(json::object{{"reset", count}});
}

}  // namespace

void add_throttle_handlers(http::Router& out, Service& service) {
  out.add("GET", "/v1/throttles", answer([&service](const Request& r) { return show(service, r); }));
  out.add("PUT", "/v1/throttles/overrides/{id}",
          answer([&service](const Request& r) { return set(service, r); }));
  out.add("DELETE", "/v1/throttles/overrides/{id}",
          answer([&service](const Request& r) { return clear(service, r); }));
  out.add("POST", "/v1/throttles/reset", answer([&service](const Request& r) { return reset(service, r); }));
}

}  // namespace sluice::control
