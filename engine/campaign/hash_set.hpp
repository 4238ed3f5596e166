// A set of 128-bit hashes in bounded memory: 64 open-addressed tables that grow one by one, so that growing
// never needs twice the memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/siphash.hpp"

namespace sluice::campaign {

/// One thread. Hashes must be uniformly spread (they are keyed); their top 6 bits choose the table.
class HashSet {
 public:
  enum class Insert : std::uint8_t { added, present, full };

  /// Takes at most `memory_bytes` (at least 64 KiB are assumed). Of 1 MiB and more at least 3/8 surely become
  /// hashes, 15/16 where it is a power of two.
  explicit HashSet(std::size_t memory_bytes);

  /// full: not present, and adding it would pass the bound; the set is unchanged.
  Insert insert(Hash128 hash);
  void clear();

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const { return slots_ * sizeof(Hash128); }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& table : tables_) {
      for (const auto& slot : table.slots) {
        if (slot != Hash128{}) visit(slot);
      }
    }
  }

 private:
  static constexpr std::size_t kTables = 64;
  static constexpr std::size_t kFirstSlots = 16;

  struct Table {
    std::vector<Hash128> slots;  ///< a power of two; {0, 0} is free
    std::size_t used = 0;
  };

  static std::size_t slot_of(const std::vector<Hash128>& slots, Hash128 hash);
  static void grow(Table& table, std::size_t slots);

  std::array<Table, kTables> tables_;
  std::size_t most_slots_;  ///< of all tables together
  std::size_t slots_ = 0;
  std::size_t size_ = 0;
};

}  // namespace sluice::campaign
