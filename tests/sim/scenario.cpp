#include "tests/sim/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;
using throttle::Dimension;

Habits good(World& world) {
  Habits out;
  out.reply_most = world.wait_between(5ms, 80ms);
  out.most_connections = world.between(1, 40);
  return out;
}

Habits difficult(World& world) {
  auto out = good(world);
  out.slow = world.chance(0.3) ? 0.02 : 0;
  out.refused = world.chance(0.3) ? 0.2 : 0.01;
  out.greets_421 = world.chance(0.3) ? 0.2 : 0.01;
  out.defers = world.chance(0.5) ? 0.2 : 0.02;
  out.greylists = world.chance(0.2) ? 0.9 : 0;
  out.bounces = world.chance(0.5) ? 0.1 : 0.01;
  out.says_421 = world.chance(0.3) ? 0.05 : 0.005;
  out.loses_early = world.chance(0.3) ? 0.05 : 0.005;
  out.loses_answer = world.chance(0.4) ? 0.05 : 0.005;
  out.leaves_idle = world.chance(0.4) ? 0.2 : 0.01;
  return out;
}

throttle::Rate per_second(std::uint64_t count, std::uint64_t burst) { return {count, 1s, burst}; }

throttle::PolicyOptions policy(std::string name,
                               std::initializer_list<std::pair<Dimension, const char*>> match) {
  throttle::PolicyOptions out;
  out.name = std::move(name);
  for (const auto& [dimension, value] : match) out.match[dimension] = value;
  return out;
}

}  // namespace

Scenario::Scenario(World& world) {
  make_sites(world);
  make_domains(world);
  make_policies(world);
  make_engine(world);
}

void Scenario::make_sites(World& world) {
  giants = world.between(2, 4);
  const auto small = world.between(8, 20);
  for (std::size_t i = 0; i < giants + small; ++i) {
    const bool giant = i < giants;
    auto& site = sites.emplace_back();
    site.name = giant ? fmt::format("mx.giant{}.test", i) : fmt::format("mx{}.host.test", i);
    site.habits = world.chance(giant ? 0.5 : 0.6) ? difficult(world) : good(world);
  }
}

void Scenario::make_domains(World& world) {
  const auto small = world.between(40, 90);
  for (std::size_t i = 0; i < giants + small; ++i) {
    SimDomain domain;
    domain.name = i < giants ? fmt::format("giant{}.test", i) : fmt::format("d{}.test", i);
    domain.site = i < giants ? i : giants + world.random.below(sites.size() - giants);
    if (i >= giants && world.chance(0.3)) domain.dns = SimDomain::Dns::slow;
    if (i >= giants && world.chance(0.03)) domain.dns = SimDomain::Dns::unknown;
    if (i >= giants && world.chance(0.03)) domain.dns = SimDomain::Dns::failing;
    domain_of[domain.name] = i;
    domains.push_back(std::move(domain));
  }
  tenants = world.between(2, 4);
}

void Scenario::make_policies(World& world) {
  auto each = policy("each", {{Dimension::source, "*"}, {Dimension::site, "*"}});
  each.fallback = true;
  each.message_rate = per_second(world.between(20, 200), world.between(1, 20));
  each.connections = static_cast<std::uint32_t>(world.between(2, 10));
  each.connection_rate = per_second(world.between(1, 20), world.between(1, 5));
  each.messages_per_connection = static_cast<std::uint32_t>(world.between(3, 100));
  policies.push_back(std::move(each));
  for (std::size_t i = 0; i < giants; ++i) {
    auto giant = policy(fmt::format("giant{}", i), {{Dimension::domain, domains[i].name.c_str()}});
    giant.message_rate = per_second(world.between(5, 60), world.between(1, 10));
    policies.push_back(std::move(giant));
  }
  auto site = policy("big site", {{Dimension::site, sites.front().name.c_str()}, {Dimension::source, "*"}});
  site.message_rate = per_second(world.between(30, 300), world.between(1, 10));
  site.connections = static_cast<std::uint32_t>(world.between(1, 6));
  policies.push_back(std::move(site));
  if (world.chance(0.5)) {
    auto tenant = policy("tenants", {{Dimension::tenant, "*"}});
    tenant.message_rate = per_second(world.between(50, 300), world.between(1, 50));
    policies.push_back(std::move(tenant));
  }
  if (world.chance(0.5)) {
    auto bulk = policy("bulk", {{Dimension::class_, "commercial"}, {Dimension::provider, "giants"}});
    bulk.message_rate = per_second(world.between(30, 300), world.between(1, 50));
    policies.push_back(std::move(bulk));
  }
}

void Scenario::make_engine(World& world) {
  backlog = world.between(300, 2500);
  const auto sources = world.between(1, 3);
  for (std::size_t i = 0; i < sources; ++i) {
    delivery.sources.push_back({fmt::format("s{}", i), {}, {}, fmt::format("s{}.sender.test", i)});
  }
  delivery.pools.push_back({"second", {fmt::format("s{}", sources - 1)}});
  if (sources > 1 && world.chance(0.5)) {
    auto& fresh = delivery.sources.front();
    fresh.warmup = throttle::WarmupPlan{{world.between(1, 400), 1'000'000}};
    if (world.chance(0.5)) {
      auto& all = delivery.pools.emplace_back(delivery::PoolOptions{"default", {}, {}});
      for (const auto& source : delivery.sources) {
        all.sources.push_back(source.name);
        all.weights.push_back(static_cast<unsigned>(world.between(1, 5)));
      }
    }
  }
  delivery.providers.push_back({"giants", {"giant0.test", "giant1.test"}});
  delivery.workers = static_cast<unsigned>(world.between(1, 3));
  delivery.lease_run = world.between(8, 64);
  delivery.max_connections = world.chance(0.2) ? 20 : 2000;
  delivery.idle_keep = std::chrono::milliseconds(world.between(500, 5000));
  delivery.give_back_after = std::chrono::milliseconds(world.between(1'000, 10'000));
  delivery.back_off_max = std::chrono::milliseconds(world.between(2'000, 30'000));
  delivery.retry.ladder = {2s, 5s, 15s, 40s};
  delivery.retry.greylist = {1s, 4s, 10s};
  delivery.retry.in_doubt_delay = 20s;
  delivery.retry.in_doubt = world.chance(0.7)   ? queue::DoubtPolicy::retry
                            : world.chance(0.5) ? queue::DoubtPolicy::hold
                                                : queue::DoubtPolicy::assume_delivered;
  queue.in_doubt = delivery.retry.in_doubt;
  queue.in_doubt_delay = 20s;
  queue.feeder.max_resident_records = world.between(200, 3000);
  queue.feeder.max_resident_lanes = world.between(30, 400);
  queue.feeder.page_records = world.between(32, 512);
  queue.feeder.first_run = static_cast<std::uint32_t>(world.between(4, 64));
  queue.feeder.max_run = static_cast<std::uint32_t>(world.between(64, 512));
  queue.feeder.retry_lane_records = world.between(8, 128);
  queue.feeder.mark_interval = std::chrono::milliseconds(world.between(1'000, 5'000));
  queue.store.path = "/store";
  queue.store.block_cache_bytes = 4u << 20;
  queue.store.write_buffer_bytes = 16u << 20;
  queue.store.background_jobs = 1;
}

std::size_t Scenario::site_of(std::string_view site_name) const {
  const auto found =
      std::find_if(sites.begin(), sites.end(), [&](const SimSite& site) { return site.name == site_name; });
  return static_cast<std::size_t>(found - sites.begin());
}

}  // namespace sluice::sim
