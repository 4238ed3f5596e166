// Does a thread still turn its loop? Every second it is handed an empty task; what it has not run yet is how
// long it stalls. It costs the thread a post a second, and asks nothing of it.
//
// Control's thread; the answers come from the others.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"

namespace sluice::control {

class ThreadProbe {
 public:
  using Post = std::function<void(std::function<void()>)>;

  /// `post` hands a task to the thread, which runs it some time or drops it.
  void watch(std::string name, Post post);
  /// Asks those that answered, once a second.
  void tick(Instant now);

  struct Stall {
    std::string thread;
    std::chrono::duration<double> since;  ///< 0: it answers
  };
  [[nodiscard]] std::vector<Stall> stalls(Instant now) const;

 private:
  static constexpr std::chrono::seconds kEvery{1};
  static constexpr std::chrono::seconds kPatience{1};  ///< an answer within it is no stall

  struct Watched {
    std::string name;
    Post post;
    Instant asked{};
    // shared: with a task that may run after we are gone
    std::shared_ptr<std::atomic<bool>> answered = std::make_shared<std::atomic<bool>>(true);
  };

  std::vector<Watched> watched_;
  Instant next_{};
};

}  // namespace sluice::control
