#include "engine/campaign/hash_set.hpp"

#include <algorithm>

namespace sluice::campaign {

HashSet::HashSet(std::size_t memory_bytes)
    : most_slots_(std::max<std::size_t>(memory_bytes, 64 << 10) / sizeof(Hash128)) {}

std::size_t HashSet::slot_of(const std::vector<Hash128>& slots, Hash128 hash) {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = hash.low & mask;
  while (slots[at] != Hash128{} && slots[at] != hash) at = (at + 1) & mask;
  return at;
}

void HashSet::grow(Table& table, std::size_t slots) {
  std::vector<Hash128> larger(slots);
  for (const auto& hash : table.slots) {
    if (hash != Hash128{}) larger[slot_of(larger, hash)] = hash;
  }
  table.slots = std::move(larger);
}

HashSet::Insert HashSet::insert(Hash128 hash) {
  if (hash == Hash128{}) hash.low = 1;  // {0, 0} marks a free slot; the two values share one place in 2^128
  Table& table = tables_[hash.high >> 58];
  if (table.slots.empty()) {
    grow(table, kFirstSlots);
    slots_ += kFirstSlots;
  }
  std::size_t at = slot_of(table.slots, hash);
  if (table.slots[at] == hash) return Insert::present;
  if ((table.used + 1) * 10 > table.slots.size() * 8) {
    const std::size_t before = table.slots.size();
    if (slots_ + before > most_slots_) {
      // No room to double: the table may fill up to 15/16, at the price of longer walks.
      if ((table.used + 1) * 16 > before * 15) return Insert::full;
    } else {
      grow(table, before * 2);
      slots_ += before;
      at = slot_of(table.slots, hash);
    }
  }
  table.slots[at] = hash;
  ++table.used;
  ++size_;
  return Insert::added;
}

void HashSet::clear() {
  for (auto& table : tables_) {
    std::fill(table.slots.begin(), table.slots.end(), Hash128{});
    table.used = 0;
  }
  size_ = 0;
}

}  // namespace sluice::campaign
