// What was added a moment ago: for the look right before an attempt, in memory and without a lock.
//
// A record was looked up when it entered the queue. What was added since stands here until a pass (pass.hpp)
// has taken it out of the mail that waits. Two tables: a pass begins by turning the young one into the old
// one, and clears the old one when it has ended. Subjects are words of 62 hash bits, which the scope is mixed
// into; two that meet by chance (one in 10^13 a look) suppress a message wrongly, and no more.
//
// Bound: `limit` words in the young table. An addition that finds it full is refused and tried again: the
// feed of bounces waits, an operator gets `limit`, an import does not use it (it ends with a pass of its
// own).
//
// One writer (the committer's thread); find(), empty() and version() from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/base/siphash.hpp"
#include "engine/suppression/audience.hpp"
#include "engine/suppression/zeroed_memory.hpp"

namespace sluice::suppression {

/// The scopes that reach an audience, hashed once for many recipients.
struct Reach {
  static Reach of(const HashKey& key, const Audience& audience);

  std::array<std::uint64_t, 3> scopes{};  ///< by Scope
  std::size_t count = 0;
  bool transactional = false;
};

/// The word of an entry: never 0 or 1; the last bit says "unsubscribed".
[[nodiscard]] std::uint64_t delta_word(const HashKey& key, const Hash128& subject, const EntryView& entry);

class Delta {
 public:
  explicit Delta(std::size_t limit);

  // -- the committer's thread, or before there are others
  [[nodiscard]] bool full() const { return young().used.load(std::memory_order_relaxed) >= limit_; }
  /// Beyond the limit it still takes what was let in before it was full.
  void insert(std::uint64_t word);
  void erase(std::uint64_t word);
  /// The young table becomes the old one. Only when the old one is empty.
  void turn();
  void clear_old();

  // -- any thread
  /// Grows with every insert: equal to an earlier answer, nothing was added since.
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const {
    return tables_[0].used.load(std::memory_order_acquire) + tables_[1].used.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] std::optional<Verdict> find(const Hash128& address, const Hash128& domain,
                                            const Reach& reach) const;

 private:
  struct Table {
    explicit Table(std::size_t slots) : memory(slots * sizeof(std::uint64_t)) {}
    ZeroedMemory memory;
    std::atomic<std::size_t> used{0};  ///< slots taken, erased ones too
    [[nodiscard]] std::atomic<std::uint64_t>* slots() const {
      return static_cast<std::atomic<std::uint64_t>*>(memory.data());
    }
  };

  [[nodiscard]] const Table& young() const { return tables_[young_]; }
  [[nodiscard]] bool contains(const Table& table, std::uint64_t word) const;
  [[nodiscard]] std::optional<Verdict> find_one(const Hash128& subject, const Reach& reach) const;

  const std::size_t limit_;
  const std::size_t mask_;
  std::array<Table, 2> tables_;
  std::size_t young_ = 0;  ///< the writer's
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace sluice::suppression
