// How many connections a receiver puts up with, learnt from what it refuses.
//
// A refusal while n are open says that n are welcome and one more is not: the number falls to n, no further
// (gentle decay). Later one more is tried; the wait before it grows fourfold with each refusal, so that a
// receiver with a fixed limit hears little of us, and where the try succeeds the number grows by 1, 2, 4 … a
// second until nothing is left to learn (fast growth). Pure; one owner thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace sluice::delivery {

struct ToleranceOptions {
  std::chrono::seconds first_wait{30};  ///< after the first refusal; then four times as long each
  std::chrono::seconds most_wait{600};
  std::chrono::seconds growth_every{1};  ///< between two steps up that succeed
  std::size_t forget_above = 1024;       ///< a step this large: there is no limit any more
};

class Tolerance {
 public:
  explicit Tolerance(const ToleranceOptions& options = {}) : options_(options) {}

  /// Connections that may be open at `now`; SIZE_MAX: nothing is known. At least 1.
  [[nodiscard]] std::size_t limit(Instant now) const;
  /// One more was refused while `open` others were open (at least 1 is assumed).
  void refused(std::size_t open, Instant now);
  /// One was taken; `open` are open with it.
  void accepted(std::size_t open, Instant now);

 private:
  ToleranceOptions options_;
  std::size_t limit_ = SIZE_MAX;
  std::size_t step_ = 1;
  Micros wait_{0};  ///< before the try that comes next; 0: it follows one that succeeded
  Instant next_try_{};
};

}  // namespace sluice::delivery
