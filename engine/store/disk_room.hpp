// What the free space of the disk allows: everything, no new work, or no new attempts either.
//
// A level is entered when less than its threshold is free, and left when kMarginPercent more than it is, so
// that a disk at the threshold does not turn work on and off each second.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "engine/store/disk_space.hpp"

namespace sluice::store {

enum class Room : std::uint8_t {
  plenty,  ///< everything goes on
  low,     ///< nothing new is accepted; what is queued is sent
  none,    ///< no attempt begins either; answers in hand are settled
};

[[nodiscard]] const char* name_of(Room room);

/// 0 turns a threshold off.
struct DiskLimits {
  std::uint64_t refuse_below = 1u << 30;
  std::uint64_t stop_below = 256u << 20;  ///< at most refuse_below
  std::uint64_t ballast_bytes = 64u << 20;

  /// The same for a small disk: no threshold above half of it (stop_below: a quarter; the ballast: an
  /// eighth), or the defaults could never be met there.
  [[nodiscard]] DiskLimits fitted_to(std::uint64_t total_bytes) const;
  friend bool operator==(const DiskLimits&, const DiskLimits&) = default;
};

inline constexpr std::uint64_t kMarginPercent = 10;

[[nodiscard]] Room next_room(Room now, std::uint64_t free_bytes, const DiskLimits& limits);

/// What the watcher has found, for everybody else. set() from one thread, the rest from any.
class DiskState {
 public:
  /// `why` is one sentence for clients and operators; empty with Room::plenty.
  void set(Room room, std::string why);
  [[nodiscard]] Room room() const { return room_.load(std::memory_order_acquire); }
  /// New work may be taken.
  [[nodiscard]] bool may_accept() const { return room() == Room::plenty; }
  /// An attempt may begin. One atomic load: asked by every dispatch.
  [[nodiscard]] bool may_lease() const { return room() != Room::none; }
  [[nodiscard]] std::string why() const;

 private:
  std::atomic<Room> room_{Room::plenty};  // read by workers and doors on their own threads
  mutable std::mutex mutex_;
  std::string why_;
};

}  // namespace sluice::store
