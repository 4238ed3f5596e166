#include "engine/control/handlers_queue.hpp"

#include <boost/json.hpp>
#include <charconv>

#include "engine/control/queue_answers.hpp"
#include "engine/control/queue_desk.hpp"
#include "engine/control/service.hpp"
#include "engine/message/domain_name.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using http::answer;
using http::Request;
using http::Response;

Response response_of(Expected<json::object> result) {
  return result ? http::json_response(*result) : http::error_response(result.error());
}

Response summary(Service& service, const Request& request) {
  const auto by = request.query_or("by", "provider");
  if (by != "provider" && by != "site" && by != "campaign")
    return http::error_response(400, "invalid_input", "by is provider, site or campaign");
  return http::json_response(service.desk().summary(by));
}

Response list(Service& service, const Request& request) {
  auto words = request.query;
  std::size_t limit = 50;
  if (const auto found = words.find("limit"); found != words.end()) {
    const auto& text = found->second;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || limit == 0 ||
        limit > kMaxListed)
      return http::error_response(400, "invalid_input", "limit is 1 to " + std::to_string(kMaxListed));
    words.erase(found);
  }
  auto query = QueueQuery::from(words);
  if (!query) return http::error_response(query.error());
  return response_of(list_answer(service.desk().source(), *query, limit, service.clock().now()));
}

Response show(Service& service, const Request& request) {
  auto query = QueueQuery::from(request.query);
  if (!query) return http::error_response(query.error());
  query->id = request.params.at("id");
  return response_of(show_answer(service.desk().source(), *query, service.clock().now()));
}

std::optional<queue::Edit> edit_of(std::string_view name) {
  const std::pair<std::string_view, queue::Edit> known[] = {{"hold", queue::Edit::hold},
                                                            {"release", queue::Edit::release},
                                                            {"flush", queue::Edit::flush},
                                                            {"requeue", queue::Edit::requeue},
                                                            {"delete", queue::Edit::erase}};
  for (const auto& [word, edit] : known) {
    if (word == name) return edit;
  }
  return std::nullopt;
}

/// Without `all=1` a query that chooses nothing is refused: a word left out must not delete the queue.
Response edit(Service& service, const Request& request) {
  const auto what = edit_of(request.params.at("action"));
  if (!what) return http::error_response(404, "not_found", "no such action");
  auto words = request.query;
  const bool all = words.erase("all") > 0;
  auto query = QueueQuery::from(words);
  if (!query) return http::error_response(query.error());
  if (query->everything() && !all)
    return http::error_response(400, "invalid_input",
                                "this would change every record; say all=1 if it shall");
  return response_of(service.desk().edit(*what, *query));
}

Expected<queue::Order> order_of(const Request& request, Instant now) {
  const auto scope = queue::order_scope_of(request.params.at("scope"));
  if (!scope) return fail(ErrorCode::not_found, "an order is for a tenant, domain or provider");
  queue::Order out{*scope, request.params.at("name"), to_ms(now)};
  if (*scope != queue::OrderScope::domain) return out;
  std::string domain;
  if (auto named = message::append_domain(out.name, true, domain); !named)
    return fail(named.error(), "the domain " + out.name);
  out.name = std::move(domain);
  return out;
}

Response set_order(Service& service, const Request& request, bool hold) {
  const auto order = order_of(request, service.clock().now());
  if (!order) return http::error_response(order.error());
  if (!service.queue().committer().healthy())
    return http::error_response(Error{ErrorCode::unavailable, "the store cannot write"});
  if (!hold && !service.queue().orders().holds(order->scope, order->name)) {
    return http::error_response(
        404, "not_found", std::string("no order holds ") + queue::name_of(order->scope) + " " + order->name);
  }
  if (auto set = service.queue().set_order(*order, hold); !set) return http::error_response(set.error());
  return http::json_response(service.desk().orders());
}

}  // namespace

void add_queue_handlers(http::Router& out, Service& service) {
  out.add("GET", "/v1/queue/summary", answer([&service](const Request& r) { return summary(service, r); }));
  out.add("GET", "/v1/queue/records", answer([&service](const Request& r) { return list(service, r); }));
  out.add("GET", "/v1/queue/records/{id}", answer([&service](const Request& r) { return show(service, r); }));
  out.add("POST", "/v1/queue/records/{action}",
          answer([&service](const Request& r) { return edit(service, r); }));
  out.add("GET", "/v1/queue/orders",
          answer([&service](const Request&) { return http::json_response(service.desk().orders()); }));
  out.add("PUT", "/v1/queue/orders/{scope}/{name}",
          answer([&service](const Request& r) { return set_order(service, r, true); }));
  out.add("DELETE", "/v1/queue/orders/{scope}/{name}",
          answer([&service](const Request& r) { return set_order(service, r, false); }));
}

}  // namespace sluice::control
