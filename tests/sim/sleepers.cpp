#include "tests/sim/sleepers.hpp"

namespace sluice::sim {

net::Task<bool> Sleepers::sleep(Micros wait, std::uint64_t* number) {
  if (closed_) co_return false;
  const auto executor = co_await net::asio::this_coro::executor;
  Sleeper self{net::asio::steady_timer(executor, net::asio::steady_timer::time_point::max()), false};
  const auto mine = ++last_;
  *number = mine;
  sleepers_[mine] = &self;
  world_.after(wait, [this, mine] { end(mine, true); });
  co_await self.timer.async_wait(net::kTuple);
  sleepers_.erase(mine);
  co_return self.slept && !closed_;
}

void Sleepers::end(std::uint64_t number, bool slept) {
  const auto found = sleepers_.find(number);
  if (found == sleepers_.end()) return;
  found->second->slept = slept;
  found->second->timer.cancel();
  ++world_.steps;
}

void Sleepers::close() {
  closed_ = true;
  for (auto& [number, sleeper] : sleepers_) sleeper->timer.cancel();
}

}  // namespace sluice::sim
