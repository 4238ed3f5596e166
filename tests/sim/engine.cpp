#include "tests/sim/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBytes = "Subject: simulated\r\n\r\nA message.\r\n";

/// Every record becomes the same few bytes; now and then one cannot be made.
class SimContent final : public delivery::StreamContent {
 public:
  explicit SimContent(World& world) : world_(world) {}

  [[nodiscard]] Expected<> prepare(const queue::Record& record, message::DkimSigner&, Instant,
                                   delivery::Prepared& out) const override {
    if (world_.chance(0.001)) return fail(ErrorCode::io, "a body that cannot be read now");
    if (world_.chance(0.001)) return fail(ErrorCode::invalid_input, "a row that cannot be rendered");
    out.sender = "bounces@sender.test";
    out.recipient = record.address();
    out.pieces = {kBytes};
    out.finish(smtp::ContentForm::plain);
    return {};
  }
  [[nodiscard]] std::string meta(const queue::Record&) const override { return {}; }
  [[nodiscard]] std::string sender(const queue::Record&, const MessageId&) const override { return {}; }

 private:
  World& world_;
};

template <class T>
T must(World& world, Expected<T> result, const char* what) {
  if (!result) world.trace.fail(std::string(what) + ": " + result.error().text);
  return std::move(*result);
}

}  // namespace

Engine::Engine(const Surroundings& around, Micros skew) : around_(around), clock_(around.world, skew) {
  auto& world = around_.world;
  queue_ = must(world, queue::Queue::open(around_.scenario.queue, clock_, &around_.env), "opening the queue");
  policies_ = must(world, throttle::PolicySet::create(around_.scenario.policies), "the policies");
  auto load = [&world](const queue::Stream&,
                       std::string_view) -> Expected<std::shared_ptr<const delivery::StreamContent>> {
    return std::make_shared<SimContent>(world);
  };
  contents_ = std::make_unique<delivery::ContentStore>(*queue_, std::move(load));
  const delivery::Parts parts{clock_,     *queue_, around_.names,     around_.receivers,  *policies_,
                              *contents_, signer_, &around_.fairness, world.random.next()};
  delivery_ = must(world, delivery::Delivery::make(around_.scenario.delivery, parts, {}), "delivery");
  to_stop_ = delivery_->workers();
}

Engine::~Engine() = default;

void Engine::run() {
  // A commit that fails while somebody waits for it: the power is off, or RocksDB recovers from a full disk.
  auto pause = [this] {
    if (around_.disk.dead()) return queue_->committer().stop();
    std::this_thread::sleep_for(500us);
  };
  queue_->drive(delivery_->receivers(), std::move(pause));
  delivery_->drive();
}

bool Engine::step() {
  const auto count = delivery_->workers();
  const auto first = count > 1 ? around_.world.random.below(count) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (delivery_->worker((first + i) % count).step()) return true;
  }
  return false;
}

Instant Engine::next_timer() const {
  auto next = Instant::max();
  for (std::size_t i = 0; i < delivery_->workers(); ++i)
    next = std::min(next, delivery_->worker(i).next_timer());
  return next == Instant::max() ? next : next - clock_.skew();
}

void Engine::begin_stop() {
  stopping_ = true;
  for (std::size_t i = 0; i < delivery_->workers(); ++i)
    delivery_->worker(i).begin_stop([this] { --to_stop_; });
}

void Engine::reload() {
  const auto done = policies_->reload(around_.scenario.policies, clock_.now());
  if (!done) around_.world.trace.fail("reloading the policies: " + done.error().text);
}

void Engine::describe() {
  const auto stats = queue_->feeder().stats();
  fmt::print(stderr, "resident: {} records, {} lanes; leased {}\n", stats.resident_records,
             stats.resident_lanes, queue_->ledger().leased_now());
  const auto print = [](const std::vector<delivery::SiteStats>& sites) {
    for (const auto& site : sites) {
      fmt::print(stderr, "{} {}: {} lanes, wait for: {}\n", site.site, site.pool, site.lanes, site.waits_for);
      for (const auto& path : site.paths)
        fmt::print(stderr, "  {}: {} open, {} connecting, {} leased, waits for: {}\n", path.source,
                   path.connections, path.connecting, path.leased, path.waits_for);
    }
  };
  for (std::size_t i = 0; i < delivery_->workers(); ++i) delivery_->worker(i).inspect(print);
  while (step()) {
  }
}

void Engine::take_apart() {
  around_.fairness.stop_looking();
  around_.receivers.sleepers.close();
  if (!stopping_) begin_stop();
  for (;;) {
    bool ran = false;
    for (std::size_t i = 0; i < delivery_->workers(); ++i) ran = delivery_->worker(i).step() || ran;
    if (ran) continue;
    if (stopped()) return;
    const auto next = next_timer();
    if (next == Instant::max()) around_.world.trace.fail("an engine without power does not come to an end");
    clock_.drift_to(next + clock_.skew());
  }
}

}  // namespace sluice::sim
