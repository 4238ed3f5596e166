#include "engine/dns/plan_cache.hpp"

#include <utility>

namespace sluice::dns {
namespace {

/// Equal parts for each shard; a shard can neither be copied nor moved.
template <class Shard, std::size_t... Index>
std::array<Shard, sizeof...(Index)> make_shards(std::size_t each, std::index_sequence<Index...>) {
  return {((void)Index, Shard(each))...};
}

}  // namespace

PlanCache::PlanCache(std::size_t max_entries)
    : shards_(
          make_shards<Shard>((max_entries + kShards - 1) / kShards, std::make_index_sequence<kShards>())) {}

std::optional<RouteResult> PlanCache::find(std::string_view domain, Instant now) {
  auto& shard = shard_of(domain);
  const Lock lock(shard.mutex);
  const auto hit = shard.plans.find(domain, now);
  if (!hit) return std::nullopt;
  return *hit->value;
}

void PlanCache::put(std::string_view domain, const RouteResult& result, Instant expires) {
  auto& shard = shard_of(domain);
  const Lock lock(shard.mutex);
  shard.plans.put(domain, result, expires);
}

void PlanCache::erase(std::string_view domain) {
  auto& shard = shard_of(domain);
  const Lock lock(shard.mutex);
  shard.plans.erase(domain);
}

void PlanCache::clear() {
  for (auto& shard : shards_) {
    const Lock lock(shard.mutex);
    shard.plans.clear();
  }
}

std::size_t PlanCache::size() const {
  std::size_t out = 0;
  for (const auto& shard : shards_) {
    const Lock lock(shard.mutex);
    out += shard.plans.size();
  }
  return out;
}

std::uint64_t PlanCache::evictions() const {
  std::uint64_t out = 0;
  for (const auto& shard : shards_) {
    const Lock lock(shard.mutex);
    out += shard.plans.evictions();
  }
  return out;
}

}  // namespace sluice::dns
