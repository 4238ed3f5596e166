// Lets go of the `sent` index, which finds the recipient of a bounce that comes after delivery.
//
// Rows of a stream are dropped from its beginning to the first that is younger than `keep`: one range erased,
// no row touched. A row behind a younger one waits for it; in a campaign that is for no longer than it was
// sent.
//
// One thread (the exporter's). A round over all streams is made of bounded steps.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "queue/queue.hpp"

namespace sluice::queue {

class SentExpiry {
 public:
  static constexpr std::size_t kRowsAStep = 20'000;

  SentExpiry(Queue& queue, std::chrono::seconds keep) : queue_(queue), keep_(keep) {}

  /// Looks at up to kRowsAStep rows and erases those that are old. False: the round is over; the next call
  /// begins a new one.
  [[nodiscard]] Expected<bool> step(Instant now);

 private:
  void erase(std::string from, std::string to);

  Queue& queue_;
  const std::chrono::seconds keep_;
  std::string at_;  ///< where the round goes on; empty: at the beginning
};

}  // namespace sluice::queue
