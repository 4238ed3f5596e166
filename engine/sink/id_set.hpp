// A set of 128-bit keys in 16 bytes each: open addressing, linear probing, at most 7/8 full. Ten million keys
// in 64 of these take 256 MiB. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sluice::sink {

/// Already well mixed: its low bits choose the slot.
struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

class IdSet {
 public:
  enum class Added { fresh, known, full };

  /// Holds at most `max_keys`; beyond, unknown keys are not remembered.
  explicit IdSet(std::size_t max_keys) : max_keys_(max_keys) {}

  Added add(Key key);
  [[nodiscard]] std::size_t size() const { return size_ + (has_zero_ ? 1 : 0); }
  [[nodiscard]] std::size_t memory_bytes() const { return capacity_ * sizeof(Key); }

 private:
  void grow();
  [[nodiscard]] std::size_t slot_of(Key key) const;

  std::size_t max_keys_;
  std::unique_ptr<Key[]> slots_;  // all zero: free
  std::size_t capacity_ = 0;      // 0 or a power of two
  std::size_t size_ = 0;
  bool has_zero_ = false;
};

}  // namespace sluice::sink
