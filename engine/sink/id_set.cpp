#include "engine/sink/id_set.hpp"

#include <utility>

namespace sluice::sink {

namespace {
constexpr std::size_t kFirstCapacity = 1024;
}

/// Where the key is, or the free slot where it belongs.
std::size_t IdSet::slot_of(Key key) const {
  const auto mask = capacity_ - 1;
  auto i = static_cast<std::size_t>(key.low) & mask;
  while (slots_[i] != Key{} && slots_[i] != key) i = (i + 1) & mask;
  return i;
}

IdSet::Added IdSet::add(Key key) {
  if (key == Key{}) return std::exchange(has_zero_, true) ? Added::known : Added::fresh;
  if (capacity_ != 0 && slots_[slot_of(key)] == key) return Added::known;
  if (size() >= max_keys_) return Added::full;
  if (capacity_ == 0 || (size_ + 1) * 8 > capacity_ * 7) grow();
  slots_[slot_of(key)] = key;
  ++size_;
  return Added::fresh;
}

void IdSet::grow() {
  const auto old_capacity = std::exchange(capacity_, capacity_ == 0 ? kFirstCapacity : capacity_ * 2);
  const auto old = std::exchange(slots_, std::make_unique<Key[]>(capacity_));
  for (std::size_t i = 0; i < old_capacity; ++i) {
    if (old[i] != Key{}) slots_[slot_of(old[i])] = old[i];
  }
}

}  // namespace sluice::sink
