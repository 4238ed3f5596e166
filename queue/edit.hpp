// What an operator may do to records that wait: hold, release, make due, start over, delete.
//
// A record under a lease is left alone: its attempt ends by itself. One that a worker has read already is
// edited all the same; the worker's copy is found out when it asks for the lease (Ledger::standing), and
// forgotten. So no edit is lost, and none makes a second copy.
//
// Held and requeued records stand in Phase::retry: a held one under the second it expires in, where it ends
// as expired unless it is released.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::queue {

enum class Edit : std::uint8_t {
  hold,     ///< not to be sent until released; still expires
  release,  ///< a held record: due now, with the attempts it has had
  flush,    ///< a deferred record: due now; no limit is passed by, no attempt spent
  requeue,  ///< as if never tried, from any source, due now; doubts are remembered, its expiry stays
  erase,    ///< final: cancelled, class "deleted"
};

/// Keys in one edit: one commit, whose works others wait behind.
inline constexpr std::size_t kMaxEdit = 1000;

/// A waiting record whose recipient must get no mail.
struct Suppressed {
  std::string key;
  std::string_view reason;  ///< of the event contract; outlives the call
};

struct EditReport {
  std::uint64_t edited = 0;
  std::uint64_t busy = 0;       ///< being attempted now, or settled a moment ago
  std::uint64_t unchanged = 0;  ///< it is so already: held, not held, due, never tried

  void add(const EditReport& other) {
    edited += other.edited;
    busy += other.busy;
    unchanged += other.unchanged;
  }
};

}  // namespace sluice::queue
