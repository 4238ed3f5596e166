#include "engine/app/route_lookup.hpp"

#include <boost/asio/io_context.hpp>

namespace sluice::app {

Expected<dns::PlanPtr> look_up_route(const control::ServiceOptions& options, const std::string& domain) {
  const SystemClock clock;
  boost::asio::io_context context;
  auto resolver = dns::Resolver::make(context, clock, options.resolver);
  if (!resolver) return std::unexpected(resolver.error());
  auto routes = dns::RouteTable::make(options.routes, options.router.planner.plan.smtp_port);
  if (!routes) return std::unexpected(routes.error());
  dns::Router router(context, **resolver, clock, options.router, std::move(*routes));
  std::optional<dns::RouteResult> result;
  net::TaskGroup tasks(context, {.name = "lookup", .max_tasks = 1});
  const auto ask = [&]() -> net::Task<> {
    const auto deadline = net::Deadline::after(options.delivery.route_deadline);
    result = co_await router.resolve(domain, deadline);
    co_await router.close();
    (*resolver)->close();
  };
  if (!tasks.spawn(ask())) return fail(ErrorCode::internal, "the lookup could not begin");
  context.run();
  if (!result) return fail(ErrorCode::internal, "the lookup of " + domain + " ended without a result");
  if (*result) return **result;
  const auto& failure = result->error();
  return fail(failure.permanent ? ErrorCode::not_found : ErrorCode::unavailable, failure.text);
}

}  // namespace sluice::app
