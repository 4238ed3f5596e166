// Counts over time in bounded memory, whatever the span: slots of a second, and when there are too many of
// them, of two, four … seconds. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/base/clock.hpp"

namespace sluice::campaign {

/// `N` kinds of things, counted apart.
template <std::size_t N>
class TimeSeries {
 public:
  using Counts = std::array<std::uint64_t, N>;
  struct Bucket {
    Instant start;
    Counts counts{};
  };
  static constexpr std::size_t kMaxSlots = 8192;  ///< beyond, neighbours are added up

  /// In any order of time.
  void add(Instant time, std::size_t kind) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
    ++slots_[slot_of(second)].at(kind);
    while (slots_.size() > kMaxSlots) widen();
  }
  [[nodiscard]] bool empty() const { return slots_.empty(); }
  /// At most `most` buckets of one width, the first with the first thing counted; nothing is lost.
  [[nodiscard]] std::vector<Bucket> buckets(std::size_t most) const {
    std::vector<Bucket> out;
    if (slots_.empty() || most == 0) return out;
    const auto first = slots_.begin()->first;
    const auto span = slots_.rbegin()->first - first + 1;
    const auto wide = static_cast<std::int64_t>(most);
    const auto step = (span + wide - 1) / wide;
    for (std::int64_t at = 0; at < span; at += step) {
      out.push_back({Instant(std::chrono::seconds((first + at) * width_)), {}});
    }
    for (const auto& [slot, counts] : slots_) {
      auto& into = out[static_cast<std::size_t>((slot - first) / step)].counts;
      for (std::size_t i = 0; i < N; ++i) into[i] += counts[i];
    }
    return out;
  }

 private:
  [[nodiscard]] std::int64_t slot_of(std::int64_t second) const {
    return (second - (second < 0 ? width_ - 1 : 0)) / width_;
  }
  void widen() {
    std::map<std::int64_t, Counts> wider;
    for (const auto& [slot, counts] : slots_) {
      auto& into = wider[(slot - (slot < 0 ? 1 : 0)) / 2];
      for (std::size_t i = 0; i < N; ++i) into[i] += counts[i];
    }
    slots_ = std::move(wider);
    width_ *= 2;
  }

  std::int64_t width_ = 1;  // seconds
  std::map<std::int64_t, Counts> slots_;
};

}  // namespace sluice::campaign
