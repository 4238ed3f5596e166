#include "engine/sink/sink_worker.hpp"

#include <boost/asio/steady_timer.hpp>
#include <future>
#include <utility>

namespace sluice::sink {

SinkWorker::SinkWorker(const SinkWorkerOptions& options)
    : options_(options),
      domains_(options.max_domains),
      worker_(options.name),
      drains_(worker_.context(), {.name = "sink_drain"}),
      ticks_(worker_.context(), {.name = "sink_tick"}) {}

SinkWorker::~SinkWorker() { stop(std::chrono::seconds(1)); }

Expected<> SinkWorker::start(std::span<Door> doors, Ledger* ledger, Samples& samples, Inbox& inbox,
                             const net::TlsServerContext* tls) {
  // Started first: what is bound must be drained by a running loop, also when a later address fails.
  worker_.start();
  started_ = true;
  for (auto& door : doors) {
    smtp::ServerListenerOptions how{.server = door.server,
                                    .addresses = {door.endpoint},
                                    .max_connections = options_.max_connections,
                                    .reuse_port = options_.reuse_port};
    auto make = [this, &site = door.site, ledger, &samples, &inbox](const smtp::Peer&) {
      return std::make_unique<SinkHandler>(
          site, Books{.ledger = ledger, .samples = samples, .inbox = inbox, .domains = domains_});
    };
    std::promise<Expected<>> bound;
    worker_.post([&] {
      auto listener = smtp::ServerListener::start(worker_.context(), std::move(how), std::move(make), tls);
      if (!listener) return bound.set_value(std::unexpected(std::move(listener.error())));
      door.endpoint = (*listener)->endpoints().front();
      listeners_.push_back(std::move(*listener));
      bound.set_value({});
    });
    auto result = bound.get_future().get();
    if (!result) return result;
  }
  return {};
}

void SinkWorker::every_second(std::function<void()> tick) {
  worker_.post([this, tick = std::move(tick)]() mutable { (void)ticks_.spawn(run_ticks(std::move(tick))); });
}

net::Task<> SinkWorker::run_ticks(std::function<void()> tick) {
  net::asio::steady_timer timer(worker_.context());
  while (!ticks_.cancelled()) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(net::kTuple);
    tick();
  }
}

void SinkWorker::stop(std::chrono::milliseconds limit) {
  if (!started_ || stopped_) return;
  stopped_ = true;
  worker_.post([this, limit] {
    ticks_.cancel();
    const auto deadline = net::Deadline::after(limit);
    for (auto& listener : listeners_) (void)drains_.spawn(listener->drain(deadline));
  });
  worker_.finish();  // the loop ends when the drains have
  worker_.join();
  listeners_.clear();
}

}  // namespace sluice::sink
