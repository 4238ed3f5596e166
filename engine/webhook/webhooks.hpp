// The endpoints that get events, and the thread they work on: nothing that sends mail ever waits for them.
//
// Cursors are notes of the queue (standing.hpp); an endpoint that is new begins with the events to come.
// Bounded: kMaxEndpoints, a batch in memory each.
//
// make(), start(), stop() by the owner; everything else from any thread.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/webhook/endpoint.hpp"

namespace sluice::webhook {

class Webhooks {
 public:
  /// `exported`: number of the last event that stands in a file; called on the webhooks' thread. Fails when
  /// an endpoint's options or secrets are not right, or the CA file cannot be read.
  [[nodiscard]] static Expected<std::unique_ptr<Webhooks>> make(Options options,
                                                                const std::vector<EndpointOptions>& endpoints,
                                                                queue::Queue& queue, const Clock& clock,
                                                                metrics::Registry& registry,
                                                                std::function<std::uint64_t()> exported);
  ~Webhooks();

  void start();
  /// Requests under way are given up, and go again at the next start. Before Queue::stop().
  void stop();

  /// These from now on: new ones begin, others end, changed ones go on behind their cursor. On error nothing
  /// has changed. Before or after start().
  [[nodiscard]] Expected<> apply(const std::vector<EndpointOptions>& endpoints);

  [[nodiscard]] std::vector<EndpointView> views() const;
  /// not_found: no such endpoint; limit: the number is above the last event. `done` runs once, on some
  /// thread, when it is durable.
  [[nodiscard]] Expected<> replay(const std::string& name, std::uint64_t from, queue::Done done);
  [[nodiscard]] Expected<> resume(const std::string& name, queue::Done done);
  /// `done` on the webhooks' thread. not_found. Beyond kMaxTests under way the result is an error.
  [[nodiscard]] Expected<> test(const std::string& name, std::function<void(TestResult)> done);

 private:
  static constexpr std::size_t kMaxTests = 16;

  Webhooks(Options options, queue::Queue& queue, const Clock& clock, metrics::Registry& registry,
           std::function<std::uint64_t()> exported);
  [[nodiscard]] Expected<std::shared_ptr<Endpoint>> find(const std::string& name) const;
  [[nodiscard]] Expected<Standing> standing_of(const std::string& name) const;
  void spawn(std::shared_ptr<Endpoint> endpoint);
  net::Task<> stop_all(std::promise<void>* stopped);
  static net::Task<> run_test(std::shared_ptr<Endpoint> endpoint, std::function<void(TestResult)> done);

  net::Worker worker_{"webhooks"};
  Shared shared_;
  std::unique_ptr<net::TaskGroup> tasks_;
  mutable std::mutex mutex_;  ///< over endpoints_
  // shared: with the coroutines, which end in their own time
  std::map<std::string, std::shared_ptr<Endpoint>> endpoints_;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace sluice::webhook
