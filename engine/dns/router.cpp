#include "engine/dns/router.hpp"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <unordered_map>
#include <vector>

#include "engine/dns/name.hpp"
#include "engine/net/task_group.hpp"

namespace sluice::dns {
namespace {

using net::Deadline;
using net::Task;

std::unexpected<RouteFailure> our_trouble(std::string text) {
  return std::unexpected(RouteFailure{false, FailureClass::dns, "4.4.3", std::move(text)});
}

/// The domain, or its address literal in the one form we write it.
Expected<std::string> canonical_key(std::string_view domain) {
  if (!domain.starts_with('[')) return canonical_domain(domain);
  const auto address = parse_address_literal(domain);
  if (!address)
    return fail(ErrorCode::invalid_input, "what is in brackets is not an IP address (RFC 5321 4.1.3)");
  return fmt::format("[{}{}]", address->is_v6() ? "IPv6:" : "", address->to_string());
}

/// One caller. Belongs to the caller's thread; home only posts to it.
struct Waiter {
  explicit Waiter(const net::asio::any_io_executor& e) : executor(e), timer(e) {}

  net::asio::any_io_executor executor;
  net::asio::steady_timer timer;
  std::optional<RouteResult> result;
};

/// shared_ptr: held by the caller until its deadline and by the flight until its end, whichever is later.
using WaiterPtr = std::shared_ptr<Waiter>;

/// Gives the waiter up: its thread may end with the answer, and its timer must not outlive that thread's
/// context.
void complete(WaiterPtr waiter, RouteResult result) {
  const auto executor = waiter->executor;
  net::asio::post(executor, [waiter = std::move(waiter), result = std::move(result)] {
    waiter->result = result;
    waiter->timer.cancel();
  });
}

}  // namespace

struct Router::State : std::enable_shared_from_this<State> {
  State(net::asio::io_context& context, Resolver& resolver, const Clock& c, RouterOptions o, RouteTable table,
        Random random)
      : home(context),
        clock(c),
        options(std::move(o)),
        routes(std::make_shared<const RouteTable>(std::move(table))),
        planner(resolver, c, options.planner, random),
        plans(options.max_plans),
        tasks(context, {"dns_router", options.max_resolving + 1}) {}

  void join(const std::string& domain, WaiterPtr waiter);
  void start_next();
  static Task<> work(std::shared_ptr<State> self, std::string domain);
  void finish(const std::string& domain, const Resolved& resolved, std::uint64_t generation);
  void fail_all();

  net::asio::io_context& home;
  const Clock& clock;
  const RouterOptions options;
  std::shared_ptr<const RouteTable> routes;  // shared_ptr: tasks under way keep the table they began with
  std::uint64_t generation = 0;              // of the routes
  Planner planner;
  PlanCache plans;
  net::TaskGroup tasks;
  std::unordered_map<std::string, std::vector<WaiterPtr>> flights;  // by domain, queued and worked on
  std::deque<std::string> queue;                                    // domains not worked on yet
  bool closed = false;

  // Written by home only, read by any thread.
  std::atomic<std::uint64_t> resolved{0}, joined{0}, refused{0}, permanent{0}, temporary{0}, resolving{0},
      waiting{0};
};

void Router::State::join(const std::string& domain, WaiterPtr waiter) {
  if (closed)
    return complete(std::move(waiter), our_trouble(fmt::format("routing {}: shutting down", domain)));
  if (const auto known = plans.find(domain, clock.now())) return complete(std::move(waiter), *known);
  if (waiting >= options.max_waiting) {
    ++refused;
    return complete(std::move(waiter),
                    our_trouble(fmt::format("routing {}: {} callers wait already", domain, waiting.load())));
  }
  ++waiting;
  const auto [flight, fresh] = flights.try_emplace(domain);
  flight->second.push_back(std::move(waiter));
  if (!fresh) {
    ++joined;
    return;
  }
  queue.push_back(domain);
  start_next();
}

void Router::State::start_next() {
  while (!closed && resolving < options.max_resolving && !queue.empty()) {
    auto task = work(shared_from_this(), queue.front());
    if (!tasks.spawn(std::move(task))) {
      // Ended tasks are counted until the loop has seen them off, and none of them may come by here again.
      return net::asio::post(home, [self = shared_from_this()] { self->start_next(); });
    }
    queue.pop_front();
    ++resolving;
  }
}

Task<> Router::State::work(std::shared_ptr<State> self, std::string domain) {
  const auto began = self->generation;
  const auto deadline = Deadline::after(self->options.resolve_timeout);
  const auto resolved = co_await self->planner.plan(domain, self->routes, deadline);
  self->finish(domain, resolved, began);
}

void Router::State::finish(const std::string& domain, const Resolved& outcome, std::uint64_t began) {
  --resolving;
  ++resolved;
  if (!outcome.result) ++(outcome.result.error().permanent ? permanent : temporary);
  if (began == generation && outcome.expires > clock.now())
    plans.put(domain, outcome.result, outcome.expires);
  auto flight = flights.extract(domain);
  if (!flight.empty()) {
    waiting -= flight.mapped().size();
    for (auto& waiter : flight.mapped()) complete(std::move(waiter), outcome.result);
  }
  start_next();
}

void Router::State::fail_all() {
  for (auto& [domain, waiters] : flights) {
    for (auto& waiter : waiters)
      complete(std::move(waiter), our_trouble(fmt::format("routing {}: shutting down", domain)));
  }
  flights.clear();
  queue.clear();
  waiting = 0;
}

Router::Router(net::asio::io_context& home, Resolver& resolver, const Clock& clock, RouterOptions options,
               RouteTable routes, Random random)
    : state_(std::make_shared<State>(home, resolver, clock, std::move(options), std::move(routes), random)) {}

Router::~Router() = default;

Task<RouteResult> Router::resolve(std::string domain, Deadline deadline) {
  const auto state = state_;  // the router may be gone when this resumes
  auto canonical = canonical_key(domain);
  if (!canonical) {
    co_return std::unexpected(
        RouteFailure{true, FailureClass::invalid_domain, "5.1.2", canonical.error().text});
  }
  const auto key = std::move(*canonical);
  if (auto known = state->plans.find(key, state->clock.now())) co_return std::move(*known);

  const auto executor = co_await net::asio::this_coro::executor;
  const auto waiter = std::make_shared<Waiter>(executor);
  waiter->timer.expires_at(deadline.time());
  net::asio::post(state->home, [state, key, waiter]() mutable { state->join(key, std::move(waiter)); });
  co_await waiter->timer.async_wait(net::kTuple);
  if (waiter->result) co_return std::move(*waiter->result);
  co_return our_trouble(
      fmt::format("routing {}: {}", key, deadline.passed() ? "no plan before the deadline" : "cancelled"));
}

std::optional<RouteResult> Router::cached(std::string_view domain, Instant now) {
  return state_->plans.find(domain, now);
}

void Router::forget(std::string_view domain) { state_->plans.erase(domain); }

void Router::set_routes(RouteTable routes) {
  state_->routes = std::make_shared<const RouteTable>(std::move(routes));
  ++state_->generation;
  state_->plans.clear();
}

Task<> Router::close() {
  const auto state = state_;
  state->closed = true;
  state->fail_all();
  state->tasks.cancel();
  co_await state->tasks.join();
}

RouterStats Router::stats() const {
  const auto& s = *state_;
  return {s.resolved, s.joined, s.refused, s.permanent, s.temporary, s.resolving, s.waiting, s.plans.size()};
}

}  // namespace sluice::dns
