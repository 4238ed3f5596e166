// What delivery asks: where does the mail of this domain go?
//
// A domain's plan is worked out once for all who ask, on the resolver's thread, and kept until it expires;
// cached() is the hot path. At most max_resolving domains are worked on at once, the others wait in order;
// beyond max_waiting callers the answer is a temporary failure. A failure is kept like a plan (RouteFailure
// tells permanent from temporary); trouble of our own (deadline, overload, shutdown) is a temporary failure
// that is not kept. Threads: resolve(), cached(), forget() and stats() from any; everything else from the
// thread of `home`, the resolver's. A worker that called resolve() must outlive the router's close().
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"
#include "engine/dns/plan_cache.hpp"
#include "engine/dns/planner.hpp"
#include "engine/dns/resolver.hpp"
#include "engine/dns/route.hpp"
#include "engine/net/deadline.hpp"
#include "engine/net/task.hpp"

namespace sluice::dns {

struct RouterOptions {
  PlannerOptions planner;
  std::size_t max_plans = 50'000;     ///< kept, about 600 bytes each; the longest unused goes first
  std::size_t max_resolving = 256;    ///< domains worked on at once, up to 1 + 2 * max_hosts questions each
  std::size_t max_waiting = 100'000;  ///< callers waiting; further ones fail at once, temporarily
  std::chrono::milliseconds resolve_timeout{30'000};  ///< for one domain, all its questions together
};

/// Since the start, except the last three.
struct RouterStats {
  std::uint64_t resolved = 0;            ///< domains worked out, failures included
  std::uint64_t joined = 0;              ///< callers who found their domain being worked on
  std::uint64_t refused = 0;             ///< callers beyond max_waiting
  std::uint64_t failed_permanently = 0;  ///< domains
  std::uint64_t failed_temporarily = 0;  ///< domains
  std::uint64_t resolving = 0;
  std::uint64_t waiting = 0;
  std::uint64_t plans = 0;
};

class Router {
 public:
  /// `home` must be the resolver's; it, the resolver and the clock outlive the router.
  Router(net::asio::io_context& home, Resolver& resolver, const Clock& clock, RouterOptions options,
         RouteTable routes = {}, Random random = Random::from_system());
  /// close() must have ended.
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// From any worker's coroutine; resumes there. `domain` in any form: what is no domain is a permanent
  /// failure. At `deadline` a temporary failure; the work goes on and its result is kept for the next caller.
  net::Task<RouteResult> resolve(std::string domain, net::Deadline deadline);

  /// The plan or failure known for a canonical domain, at once; nothing: resolve() it.
  [[nodiscard]] std::optional<RouteResult> cached(std::string_view domain, Instant now);

  /// The next resolve() asks again (its answers may still be cached by the resolver). Any thread.
  void forget(std::string_view domain);
  /// From now on these routes hold; all plans are forgotten.
  void set_routes(RouteTable routes);
  /// Every waiting caller gets a temporary failure, and so does every later one; returns when no work is
  /// left.
  net::Task<> close();
  [[nodiscard]] RouterStats stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with requests posted to home and with coroutines of other threads
};

}  // namespace sluice::dns
