// SIGTERM and SIGINT as something the main thread waits for.
#pragma once

#include <chrono>
#include <optional>

namespace sluice::app {

/// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and every thread it starts afterwards: make one
/// before any.
class Signals {
 public:
  Signals();
  /// The next of them (its number), or nothing after `wait`.
  [[nodiscard]] std::optional<int> next(std::chrono::milliseconds wait);
  /// From now on SIGINT and SIGTERM end the process at once.
  void give_up();
};

}  // namespace sluice::app
