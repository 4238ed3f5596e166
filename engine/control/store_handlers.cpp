#include "engine/control/store_handlers.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>

#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kLook{20};  ///< a backup under way is looked after so often

std::string folder_in(const std::string& body) {
  boost::system::error_code error;
  const auto value = json::parse(body, error);
  if (error || !value.is_object()) return {};
  const auto* folder = value.get_object().if_contains("folder");
  return folder != nullptr && folder->is_string() ? std::string(folder->get_string()) : std::string();
}

http::Response answer_of(const Expected<queue::BackupFacts>& facts) {
  if (!facts) return http::error_response(facts.error());
  return http::json_response(json::object{{"time", facts->time},
                                          {"sequence", facts->sequence},
                                          {"seq", facts->seq},
                                          {"streams", facts->streams},
                                          {"queued", facts->queued}});
}

/// Waits for the copy: no deadline, its size is the store's. The client's connection ends it for the handler
/// only.
http::Task<http::Response> make_backup(Service* service, http::Request request) {
  const auto folder = folder_in(request.body);
  if (auto begun = service->backups().begin(folder); !begun) co_return http::error_response(begun.error());
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  for (;;) {
    if (const auto facts = service->backups().take()) co_return answer_of(*facts);
    timer.expires_after(kLook);
    const auto [error] = co_await timer.async_wait(net::kTuple);
    if (error) co_return http::error_response(503, "unavailable", "the service is stopping");
  }
}

}  // namespace

void add_store_routes(http::Router& router, Service& service) {
  router.add("POST", "/v1/store/backup",
             [&service](http::Request request) { return make_backup(&service, std::move(request)); });
}

}  // namespace sluice::control
