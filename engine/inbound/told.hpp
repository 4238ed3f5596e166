// What was told lately, or is being told: the same bounce or complaint about one message counts once, however
// often it comes (a 250 that was lost, a folder read twice, a recipient who presses "spam" on two devices).
//
// What was told earlier the `sent` index knows; this holds what it does not know yet. Bounded: two
// generations of keys, the older one goes when the newer is full. Any thread.
#pragma once

#include <mutex>
#include <unordered_set>
#include <utility>

#include "engine/base/id.hpp"
#include "queue/event.hpp"

namespace sluice::inbound {

class Told {
 public:
  struct Key {
    MessageId id;
    queue::EventKind kind = queue::EventKind::returned;
    friend bool operator==(const Key&, const Key&) = default;
  };

  /// `generation`: keys of one, about 48 bytes each.
  explicit Told(std::size_t generation = 100'000) : generation_(generation) {}

  [[nodiscard]] bool contains(const Key& key) const {
    const std::lock_guard lock(mutex_);
    return newer_.contains(key) || older_.contains(key);
  }
  /// The caller tells it now, and says so to end(). False: somebody else does.
  [[nodiscard]] bool begin(const Key& key) {
    const std::lock_guard lock(mutex_);
    return under_way_.insert(key).second;
  }
  /// `told`: it is written.
  void end(const Key& key, bool told) {
    const std::lock_guard lock(mutex_);
    under_way_.erase(key);
    if (!told) return;
    if (newer_.size() >= generation_) older_ = std::exchange(newer_, {});
    newer_.insert(key);
  }

 private:
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return (key.id.high ^ key.id.low) * 0x9e3779b97f4a7c15ULL + static_cast<std::size_t>(key.kind);
    }
  };
  const std::size_t generation_;
  mutable std::mutex mutex_;
  std::unordered_set<Key, Hash> newer_;
  std::unordered_set<Key, Hash> older_;
  std::unordered_set<Key, Hash> under_way_;
};

}  // namespace sluice::inbound
