#include "engine/control/commit_changes.hpp"

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

constexpr std::chrono::milliseconds kLook{5};  ///< a commit under way is looked after so often

/// Shared with the committer's callback, which may come after the client has gone.
struct Outcome {
  std::atomic<bool> done{false};
  std::optional<Expected<suppression::ChangeReport>> report;
};

}  // namespace

http::Task<Expected<suppression::ChangeReport>> commit_changes(Service* service,
                                                               suppression::Changes changes) {
  const auto outcome = std::make_shared<Outcome>();
  if (!service->queue().committer().healthy())
    co_return fail(ErrorCode::unavailable, "the store cannot write");
  service->suppressed().submit(std::move(changes),
                               [outcome](const Expected<suppression::ChangeReport>& report) {
                                 outcome->report = report;
                                 outcome->done.store(true, std::memory_order_release);
                               });
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  while (!outcome->done.load(std::memory_order_acquire)) {
    timer.expires_after(kLook);
    const auto [error] = co_await timer.async_wait(net::kTuple);
    if (error) co_return fail(ErrorCode::cancelled, "the service is stopping");
  }
  if (*outcome->report && (*outcome->report)->full)
    co_return fail(
        ErrorCode::limit,
        "more was suppressed than has been applied to waiting mail ([suppression] recent); try again");
  co_return std::move(*outcome->report);
}

}  // namespace sluice::control
