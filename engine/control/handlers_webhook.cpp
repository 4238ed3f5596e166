#include "engine/control/handlers_webhook.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <charconv>

#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;
using http::Request;
using http::Response;
using http::Task;

constexpr std::chrono::milliseconds kLook{5};  ///< what is under way is looked after so often

json::object json_of(const webhook::EndpointView& view, std::uint64_t newest) {
  json::object out;
  out["name"] = view.name;
  out["url"] = view.url;
  out["state"] = view.state;
  out["after"] = view.after;
  out["lag"] = newest > view.after ? newest - view.after : 0;
  out["batches"] = view.batches;
  out["events"] = view.events;
  out["missing"] = view.missing;
  out["failures"] = view.failures;
  out["error"] = view.error;
  out["next_try"] = view.next_ms == 0 ? std::string() : to_rfc3339(from_ms(view.next_ms));
  out["disabled_since"] = view.disabled_ms == 0 ? std::string() : to_rfc3339(from_ms(view.disabled_ms));
  return out;
}

Response list(Service& service) {
  json::array rows;
  const auto newest = service.queue().ledger().committed_seq();
  for (const auto& view : service.webhooks().views()) rows.emplace_back(json_of(view, newest));
  return http::json_response(json::object{{"webhooks", std::move(rows)}, {"newest", newest}});
}

/// A value from another thread. Shared with the one who brings it, who may come after the client has gone.
template <class T>
struct Arrival {
  std::atomic<bool> done{false};
  std::optional<T> value;

  void bring(T what) {
    value = std::move(what);
    done.store(true, std::memory_order_release);
  }
};

/// False: the service is stopping.
template <class T>
Task<bool> arrive(std::shared_ptr<Arrival<T>> arrival) {
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  while (!arrival->done.load(std::memory_order_acquire)) {
    timer.expires_after(kLook);
    const auto [error] = co_await timer.async_wait(net::kTuple);
    if (error) co_return false;
  }
  co_return true;
}

Response stopping() { return http::error_response(503, "cancelled", "the service is stopping"); }

/// `begin(name, done)` starts a change of the endpoint.
template <class Begin>
Task<Response> change(Service* service, Begin begin) {
  if (!service->queue().committer().healthy())
    co_return http::error_response(503, "unavailable", "the store cannot write");
  const auto arrival = std::make_shared<Arrival<Expected<>>>();
  auto begun = begin([arrival](const Expected<>& result) { arrival->bring(result); });
  if (!begun) co_return http::error_response(begun.error());
  const bool came = co_await arrive(arrival);
  if (!came) co_return stopping();
  if (!*arrival->value) co_return http::error_response(arrival->value->error());
  co_return list(*service);
}

Task<Response> replay(Service* service, Request request) {
  const auto text = request.query_or("from", "");
  std::uint64_t from = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), from);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    co_return http::error_response(400, "invalid_input", "`from` is the number (seq) of an event");
  const auto name = request.params.at("name");
  auto begin = [service, name, from](queue::Done done) {
    return service->webhooks().replay(name, from, std::move(done));
  };
  auto response = co_await change(service, std::move(begin));
  co_return response;
}

Task<Response> resume(Service* service, Request request) {
  const auto name = request.params.at("name");
  auto begin = [service, name](queue::Done done) {
    return service->webhooks().resume(name, std::move(done));
  };
  auto response = co_await change(service, std::move(begin));
  co_return response;
}

Task<Response> test(Service* service, Request request) {
  const auto arrival = std::make_shared<Arrival<webhook::TestResult>>();
  auto begun = service->webhooks().test(request.params.at("name"), [arrival](webhook::TestResult result) {
    arrival->bring(std::move(result));
  });
  if (!begun) co_return http::error_response(begun.error());
  const bool came = co_await arrive(arrival);
  if (!came) co_return stopping();
  const auto& result = *arrival->value;
  json::object out;
  out["status"] = result.status;
  out["ok"] = result.status >= 200 && result.status < 300;
  out["error"] = result.error;
  out["answer"] = result.begin;
  out["took_ms"] = result.took_ms;
  co_return http::json_response(out);
}

}  // namespace

void add_webhook_handlers(http::Router& router, Service& service) {
  auto* to = &service;
  router.add("GET", "/v1/webhooks", http::answer([to](const Request&) { return list(*to); }));
  router.add("POST", "/v1/webhooks/{name}/test", [to](Request r) { return test(to, std::move(r)); });
  router.add("POST", "/v1/webhooks/{name}/replay", [to](Request r) { return replay(to, std::move(r)); });
  router.add("POST", "/v1/webhooks/{name}/resume", [to](Request r) { return resume(to, std::move(r)); });
}

}  // namespace sluice::control
