#include "engine/webhook/webhooks.hpp"

#include <fmt/format.h>

#include <future>
#include <set>

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"

namespace sluice::webhook {

Webhooks::Webhooks(Options options, queue::Queue& queue, const Clock& clock, metrics::Registry& registry,
                   std::function<std::uint64_t()> exported)
    : shared_{std::move(options),  worker_, queue, clock, registry.make_shard(),
              std::move(exported), nullptr} {}

Webhooks::~Webhooks() { stop(); }

Expected<std::unique_ptr<Webhooks>> Webhooks::make(Options options,
                                                   const std::vector<EndpointOptions>& endpoints,
                                                   queue::Queue& queue, const Clock& clock,
                                                   metrics::Registry& registry,
                                                   std::function<std::uint64_t()> exported) {
  auto out = std::unique_ptr<Webhooks>(
      new Webhooks(std::move(options), queue, clock, registry, std::move(exported)));
  auto tls = net::TlsClientContext::make({out->shared_.options.ca_file, 4 * kMaxEndpoints});
  if (!tls) return fail(tls.error(), "webhooks");
  out->shared_.tls = std::move(*tls);
  out->tasks_ = std::make_unique<net::TaskGroup>(
      out->worker_.context(), net::TaskGroupOptions{"webhooks", 2 * kMaxEndpoints + kMaxTests + 1});
  if (auto applied = out->apply(endpoints); !applied) return std::unexpected(applied.error());
  return out;
}

void Webhooks::start() {
  started_ = true;
  worker_.start();
}

void Webhooks::stop() {
  if (!started_ || std::exchange(stopped_, true)) return;
  std::promise<void> stopped;
  auto done = stopped.get_future();
  auto* group = tasks_.get();
  worker_.post([group] { group->cancel(); });
  net::TaskGroup last(worker_.context(), {"webhooks_end", 1});
  const bool spawned = last.spawn(stop_all(&stopped));
  SLUICE_ASSERT(spawned);
  done.wait();
  worker_.finish();
  worker_.join();
}

net::Task<> Webhooks::stop_all(std::promise<void>* stopped) {
  co_await tasks_->join();
  stopped->set_value();
}

/// A cursor from before a restore may lie ahead of the store: the events to come count then.
Expected<Standing> Webhooks::standing_of(const std::string& name) const {
  const auto notes = shared_.queue.notes(std::string(kPrefix) + name);
  if (!notes) return std::unexpected(notes.error());
  const auto newest = shared_.queue.ledger().committed_seq();
  for (const auto& [rest, value] : *notes) {
    if (!rest.empty()) continue;  // another name that begins so
    auto standing = Standing::decode(value);
    if (!standing) return fail(ErrorCode::corrupt, queue::damaged_note(kPrefix, name));
    if (standing->after <= newest && standing->upto <= newest) return *standing;
    log::warn("webhook_ahead", {{"webhook", name}, {"after", standing->after}, {"newest", newest}});
    return Standing{newest, 0, standing->round + 1, standing->disabled_ms, standing->why};
  }
  Standing fresh;
  fresh.after = newest;
  return fresh;
}

void Webhooks::spawn(std::shared_ptr<Endpoint> endpoint) {
  worker_.post([this, endpoint = std::move(endpoint)] {
    const bool spawned = tasks_->spawn(endpoint->run());
    if (!spawned) log::error("webhook_not_started", {{"webhook", endpoint->view().name}});
  });
}

Expected<> Webhooks::apply(const std::vector<EndpointOptions>& endpoints) {
  if (endpoints.size() > kMaxEndpoints)
    return fail(ErrorCode::limit, fmt::format("at most {} webhooks", kMaxEndpoints));
  struct Plan {
    Target target;
    std::shared_ptr<Endpoint> there;
    Standing standing;
  };
  std::vector<Plan> plans;
  std::set<std::string> names;
  const std::lock_guard lock(mutex_);
  for (const auto& options : endpoints) {
    auto target = Target::make(options);
    if (!target) return std::unexpected(target.error());
    if (!names.insert(options.name).second)
      return fail(ErrorCode::invalid_input, "two webhooks are named " + options.name);
    auto& plan = plans.emplace_back(Plan{std::move(*target), nullptr, {}});
    if (const auto found = endpoints_.find(options.name); found != endpoints_.end()) {
      plan.there = found->second;
      continue;
    }
    auto standing = standing_of(options.name);
    if (!standing) return std::unexpected(standing.error());
    plan.standing = std::move(*standing);
  }
  std::erase_if(endpoints_, [&](const auto& one) {
    if (names.contains(one.first)) return false;
    worker_.post([gone = one.second] { gone->end(); });
    return true;
  });
  for (auto& plan : plans) {
    if (plan.there) {
      worker_.post([there = plan.there, target = std::move(plan.target)]() mutable {
        there->set_target(std::move(target));
      });
      continue;
    }
    const auto name = plan.target.options.name;
    auto fresh = std::make_shared<Endpoint>(shared_, std::move(plan.target), std::move(plan.standing));
    endpoints_.emplace(name, fresh);
    spawn(std::move(fresh));
  }
  return {};
}

Expected<std::shared_ptr<Endpoint>> Webhooks::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(name);
  if (found == endpoints_.end()) return fail(ErrorCode::not_found, "there is no webhook \"" + name + "\"");
  return found->second;
}

std::vector<EndpointView> Webhooks::views() const {
  const std::lock_guard lock(mutex_);
  std::vector<EndpointView> out;
  for (const auto& [name, endpoint] : endpoints_) out.push_back(endpoint->view());
  return out;
}

Expected<> Webhooks::replay(const std::string& name, std::uint64_t from, queue::Done done) {
  const auto endpoint = find(name);
  if (!endpoint) return std::unexpected(endpoint.error());
  const auto newest = shared_.queue.ledger().committed_seq();
  if (from == 0 || from > newest + 1)
    return fail(ErrorCode::invalid_input, fmt::format("--from is 1 to {}", newest + 1));
  worker_.post([endpoint = *endpoint, from, done = std::move(done)]() mutable {
    endpoint->replay(from - 1, std::move(done));
  });
  return {};
}

Expected<> Webhooks::resume(const std::string& name, queue::Done done) {
  const auto endpoint = find(name);
  if (!endpoint) return std::unexpected(endpoint.error());
  worker_.post(
      [endpoint = *endpoint, done = std::move(done)]() mutable { endpoint->resume(std::move(done)); });
  return {};
}

net::Task<> Webhooks::run_test(std::shared_ptr<Endpoint> endpoint, std::function<void(TestResult)> done) {
  auto result = co_await endpoint->test();
  done(std::move(result));
}

Expected<> Webhooks::test(const std::string& name, std::function<void(TestResult)> done) {
  const auto endpoint = find(name);
  if (!endpoint) return std::unexpected(endpoint.error());
  worker_.post([this, endpoint = *endpoint, done = std::move(done)]() mutable {
    const bool spawned = tasks_->spawn(run_test(endpoint, done));
    if (!spawned) done({0, "too many tests are under way", {}, 0});
  });
  return {};
}

}  // namespace sluice::webhook
