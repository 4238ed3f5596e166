// Somebody who was denied and waits: a node in the waiter list of exactly one Limit.
#pragma once

#include <cstdint>

#include "engine/base/clock.hpp"

namespace sluice::throttle {

class Limit;

/// Derive, and say in wake() how the owner learns of it (post to its io_context, push to its run queue).
/// The owner thread alone parks, cancels and destroys; wake() comes from any thread.
///
/// The rule that makes wake-ups impossible to lose: a woken waiter does one of three things. It takes what it
/// waited for; it parks again (anywhere); or it calls pass_on(), because it no longer wants it. In the last
/// two cases the limit that woke it wakes the next one instead.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// On the limit's list no longer, or woken by it and not decided yet; null when it waits for nothing.
  [[nodiscard]] Limit* parked_on() const { return limit_; }

  /// Got what it waited for, woken or not.
  void satisfied();

  /// Leaves the list, or hands an unused wake-up to the next in line. After it returns wake() does not run
  /// any more: required before destruction.
  void pass_on(Instant now);

 protected:
  /// Leave (pass_on) before you destroy; the assertion in here is the reminder.
  virtual ~Waiter();

 private:
  friend class Limit;

  /// Called once per park at most, from any thread, with the limit's lock held: hand over and return. It may
  /// not call any throttle function.
  virtual void wake() = 0;

  Limit* limit_ = nullptr;      ///< owner thread only
  Waiter* previous_ = nullptr;  ///< this and below: under the limit's lock
  Waiter* next_ = nullptr;
  std::uint64_t need_ = 0;
  bool queued_ = false;
};

}  // namespace sluice::throttle
