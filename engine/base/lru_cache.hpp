// A bounded map from text to values that expire; the entry longest unused makes room for a new one.
//
// Time is an argument. Find, put and evict cost one hash look-up; an entry costs its key, its value and about
// 100 bytes. One thread at a time: share it under a lock.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/base/assert.hpp"
#include "engine/base/clock.hpp"

namespace sluice {

template <class Value>
class LruCache {
 public:
  struct Hit {
    const Value* value;  ///< valid until the next put or erase
    Instant expires;
  };

  /// `max_entries` >= 1.
  explicit LruCache(std::size_t max_entries) : max_entries_(max_entries) { SLUICE_ASSERT(max_entries >= 1); }
  LruCache(const LruCache&) = delete;
  LruCache& operator=(const LruCache&) = delete;

  /// Nothing once `now` has reached the entry's expiry; such an entry is dropped.
  [[nodiscard]] std::optional<Hit> find(std::string_view key, Instant now) {
    const auto at = nodes_.find(key);
    if (at == nodes_.end()) return std::nullopt;
    Node& node = at->second;
    unlink(node);
    if (now >= node.expires) {
      nodes_.erase(at);
      return std::nullopt;
    }
    push_front(node);
    return Hit{&node.value, node.expires};
  }

  /// As find(), to change the value in place; null where find() has nothing.
  [[nodiscard]] Value* change(std::string_view key, Instant now) {
    const auto hit = find(key, now);
    return hit ? const_cast<Value*>(hit->value) : nullptr;  // the node is ours
  }

  void put(std::string_view key, Value value, Instant expires) {
    auto at = nodes_.find(key);
    if (at == nodes_.end()) {
      if (nodes_.size() >= max_entries_) evict();
      at = nodes_.try_emplace(std::string(key)).first;
      at->second.key = &at->first;
    } else {
      unlink(at->second);
    }
    at->second.value = std::move(value);
    at->second.expires = expires;
    push_front(at->second);
  }

  /// Whether there was one.
  bool erase(std::string_view key) {
    const auto at = nodes_.find(key);
    if (at == nodes_.end()) return false;
    unlink(at->second);
    nodes_.erase(at);
    return true;
  }

  void clear() {
    nodes_.clear();
    newest_ = oldest_ = nullptr;
  }

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  /// Entries dropped to make room, expired or not.
  [[nodiscard]] std::uint64_t evictions() const { return evictions_; }

 private:
  struct Node {
    Value value{};
    Instant expires{};
    const std::string* key = nullptr;  // in the map's own node, which never moves
    Node* newer = nullptr;
    Node* older = nullptr;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void unlink(Node& node) {
    (node.newer ? node.newer->older : newest_) = node.older;
    (node.older ? node.older->newer : oldest_) = node.newer;
  }

  void push_front(Node& node) {
    node.newer = nullptr;
    node.older = newest_;
    (newest_ ? newest_->newer : oldest_) = &node;
    newest_ = &node;
  }

  void evict() {
    Node& victim = *oldest_;
    unlink(victim);
    nodes_.erase(nodes_.find(*victim.key));
    ++evictions_;
  }

  std::size_t max_entries_;
  std::unordered_map<std::string, Node, Hash, std::equal_to<>> nodes_;
  Node* newest_ = nullptr;
  Node* oldest_ = nullptr;
  std::uint64_t evictions_ = 0;
};

}  // namespace sluice
