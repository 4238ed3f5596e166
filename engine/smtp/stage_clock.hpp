// How long each stage of opening a connection took, for metrics: one lap a stage, several laps of one are
// added.
#pragma once

#include <array>
#include <chrono>
#include <utility>

#include "engine/smtp/stage.hpp"

namespace sluice::smtp {

using StageTimes = std::array<std::chrono::nanoseconds, kStageCount>;

class StageClock {
 public:
  /// What passed since the last lap, or since the clock was made, was `stage`.
  void lap(Stage stage) {
    const auto now = std::chrono::steady_clock::now();
    times_[static_cast<std::size_t>(stage)] += now - std::exchange(last_, now);
  }
  [[nodiscard]] const StageTimes& times() const { return times_; }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  StageTimes times_{};
};

}  // namespace sluice::smtp
