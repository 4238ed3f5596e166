// The plans known now, readable from every worker thread at about 100 ns while they are hot: shards, each a
// small cache under a lock that is held for one look-up.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "engine/base/lru_cache.hpp"
#include "engine/dns/mx_plan.hpp"

namespace sluice::dns {

using RouteResult = Planned<PlanPtr>;

class PlanCache {
 public:
  /// Bound over all shards; each shard holds an equal part of it.
  explicit PlanCache(std::size_t max_entries);

  /// Any thread. `domain` as it was put.
  [[nodiscard]] std::optional<RouteResult> find(std::string_view domain, Instant now);
  void put(std::string_view domain, const RouteResult& result, Instant expires);
  void erase(std::string_view domain);
  void clear();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::uint64_t evictions() const;

 private:
  /// std::mutex as clang's thread-safety analysis sees it.
  class __attribute__((capability("mutex"))) Mutex {
   public:
    void lock() __attribute__((acquire_capability())) { mutex_.lock(); }
    void unlock() __attribute__((release_capability())) { mutex_.unlock(); }

   private:
    std::mutex mutex_;
  };
  class __attribute__((scoped_lockable)) Lock {
   public:
    explicit Lock(Mutex& mutex) __attribute__((acquire_capability(mutex))) : mutex_(mutex) { mutex_.lock(); }
    ~Lock() __attribute__((release_capability())) { mutex_.unlock(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    Mutex& mutex_;
  };
  struct alignas(64) Shard {
    explicit Shard(std::size_t max_entries) : plans(max_entries) {}
    mutable Mutex mutex;
    LruCache<std::optional<RouteResult>> plans __attribute__((guarded_by(mutex)));
  };

  static constexpr std::size_t kShards = 16;

  Shard& shard_of(std::string_view domain) { return shards_[std::hash<std::string_view>()(domain) >> 60]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace sluice::dns
