#include "engine/control/handlers_report.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "engine/campaign/report_html.hpp"
#include "engine/campaign/report_json.hpp"
#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

constexpr std::chrono::milliseconds kLook{20};  ///< a report under way is looked after so often

http::Response answer_of(const Expected<campaign::CampaignReport>& report, bool html) {
  if (!report) return http::error_response(report.error());
  http::Response out;
  out.body = html ? campaign::report_html(*report) : campaign::report_json(*report);
  if (html) out.content_type = "text/html; charset=utf-8";
  return out;
}

/// Waits for the event files to be read: no deadline, their size is the campaign's.
http::Task<http::Response> make_report(Service* service, http::Request request) {
  const auto& id = request.params.at("id");
  const auto form = request.query_or("as", "json");
  if (form != "json" && form != "html")
    co_return http::error_response(400, "invalid_input", "as is json or html");
  auto report = service->campaigns().report(id);
  if (!report) co_return http::error_response(404, "not_found", "no campaign \"" + id + "\"");
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  while (report->wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    timer.expires_after(kLook);
    const auto [error] = co_await timer.async_wait(net::kTuple);
    if (error) co_return http::error_response(503, "unavailable", "the service is stopping");
  }
  co_return answer_of(report->get(), form == "html");
}

}  // namespace

void add_report_handlers(http::Router& router, Service& service) {
  router.add("GET", "/v1/campaigns/{id}/report",
             [&service](http::Request request) { return make_report(&service, std::move(request)); });
}

}  // namespace sluice::control
