#include "engine/delivery/delivery.hpp"

#include <algorithm>

#include "engine/delivery/trusted_networks.hpp"

namespace sluice::delivery {
namespace {

Expected<std::map<std::string, std::vector<PoolSource>, std::less<>>> pools_of(const Options& options) {
  std::map<std::string, std::vector<PoolSource>, std::less<>> out;
  for (const auto& pool : options.pools) {
    if (!pool.weights.empty() && pool.weights.size() != pool.sources.size())
      return fail(ErrorCode::invalid_input, "pool " + pool.name + " needs a weight for each source");
    for (std::size_t i = 0; i < pool.sources.size(); ++i) {
      const auto& name = pool.sources[i];
      const auto found = std::find_if(options.sources.begin(), options.sources.end(),
                                      [&](const auto& source) { return source.name == name; });
      if (found == options.sources.end()) {
        return fail(ErrorCode::invalid_input, "pool " + pool.name + " names the unknown source " + name);
      }
      const auto weight = pool.weights.empty() ? 1U : std::max(1U, pool.weights[i]);
      out[pool.name].push_back({static_cast<std::size_t>(found - options.sources.begin()), weight});
    }
    if (out[pool.name].empty())
      return fail(ErrorCode::invalid_input, "pool " + pool.name + " has no sources");
  }
  if (!out.contains("default")) {
    for (std::size_t i = 0; i < options.sources.size(); ++i) out["default"].push_back({i, 1});
  }
  return out;
}

}  // namespace

std::string provider_of(const dns::MxPlan& plan, const std::vector<ProviderOptions>& providers) {
  if (plan.hosts.empty() || providers.empty()) return {};
  const auto& host = plan.hosts.front().name;
  for (const auto& provider : providers) {
    for (const auto& suffix : provider.mx_suffixes) {
      if (host == suffix || (host.ends_with(suffix) && host[host.size() - suffix.size() - 1] == '.')) {
        return provider.name;
      }
    }
  }
  for (const auto& provider : providers) {
    if (provider.networks.empty() || plan.endpoints.empty()) continue;
    const auto networks = TrustedNetworks::parse(provider.networks);
    const bool all = networks && std::ranges::all_of(plan.endpoints, [&](const auto& endpoint) {
                       return networks->contain(endpoint.address.to_string());
                     });
    if (all) return provider.name;
  }
  return {};
}

std::string first_address(const dns::MxPlan& plan) {
  auto lowest = plan.endpoints.front().address;
  const auto best = plan.hosts[plan.endpoints.front().host].preference;
  for (const auto& endpoint : plan.endpoints) {
    if (plan.hosts[endpoint.host].preference == best) lowest = std::min(lowest, endpoint.address);
  }
  return lowest.to_string();
}

Expected<std::unique_ptr<Delivery>> Delivery::make(Options options, const Parts& parts,
                                                   const net::TlsClientOptions& tls) {
  if (options.sources.empty()) options.sources.push_back({"default", {}, {}, {}, {}});
  auto pools = pools_of(options);
  if (!pools) return std::unexpected(pools.error());
  auto out = std::unique_ptr<Delivery>(new Delivery);
  const auto count = std::max(1U, options.workers);
  out->shared_ = std::make_unique<Shared>(Shared{std::move(options),
                                                 parts.clock,
                                                 parts.queue,
                                                 parts.routes,
                                                 parts.network,
                                                 parts.policies,
                                                 parts.contents,
                                                 std::make_unique<StreamRates>(parts.policies, parts.clock),
                                                 parts.signer,
                                                 std::move(*pools),
                                                 {},
                                                 parts.probe,
                                                 parts.local_opening,
                                                 parts.shaping,
                                                 parts.broken_tls,
                                                 parts.canary,
                                                 parts.suppressed,
                                                 {},
                                                 {},
                                                 parts.throttle_rows});
  out->shared_->registry = parts.registry;
  if (auto opened = out->open_books(); !opened) return std::unexpected(opened.error());
  for (unsigned i = 0; i < count; ++i) {
    auto context = net::TlsClientContext::make(tls);
    if (!context) return std::unexpected(context.error());
    auto signer = parts.signer.clone();
    if (!signer) return std::unexpected(signer.error());
    out->workers_.push_back(
        std::make_unique<Worker>(*out->shared_, i, std::move(*context), std::move(*signer),
                                 parts.seed ? Random(*parts.seed + i) : Random::from_system()));
    out->shared_->workers.push_back(out->workers_.back().get());
  }
  return out;
}

Delivery::~Delivery() { stop(); }

Expected<> Delivery::open_books() {
  auto& shared = *shared_;
  auto sources = SourceBook::open(shared.queue, shared.options.sources);
  if (!sources) return std::unexpected(sources.error());
  shared.sources = std::move(*sources);
  std::map<std::string, throttle::WarmupPlan> plans;
  for (const auto& source : shared.options.sources) {
    if (source.warmup) plans.emplace(source.name, *source.warmup);
  }
  auto warmups = WarmupBook::open(shared.queue, shared.clock, std::move(plans));
  if (!warmups) return std::unexpected(warmups.error());
  shared.warmups = std::move(*warmups);
  shared.warmups->set_wake([this] { wake(); });
  // What was given back until a source may be used again is looked at anew.
  shared.sources->set_listener([this] {
    wake();
    shared_->queue.feeder().orders_changed();
  });
  return {};
}

std::vector<queue::RunReceiver*> Delivery::receivers() {
  std::vector<queue::RunReceiver*> out;
  for (auto& worker : workers_) out.push_back(worker.get());
  return out;
}

void Delivery::start() {
  for (auto& worker : workers_) worker->start();
  running_ = true;
}

void Delivery::drive() {
  for (auto& worker : workers_) worker->drive();
}

void Delivery::stop() {
  if (!running_) return;
  running_ = false;
  for (auto& worker : workers_) worker->stop();
  shared_->warmups->close();
}

void Delivery::wake() {
  for (auto& worker : workers_) worker->wake();
}

std::vector<SiteStats> Delivery::inspect() {
  std::vector<std::future<std::vector<SiteStats>>> answers;
  for (auto& worker : workers_) {
    const auto promise =
        std::make_shared<std::promise<std::vector<SiteStats>>>();  // shared: with the worker's loop
    answers.push_back(promise->get_future());
    worker->inspect([promise](std::vector<SiteStats> stats) { promise->set_value(std::move(stats)); });
  }
  std::vector<SiteStats> out;
  for (auto& answer : answers) {
    for (auto& site : answer.get()) out.push_back(std::move(site));
  }
  return out;
}

}  // namespace sluice::delivery
