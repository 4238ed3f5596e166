// A value that can be reached only while its mutex is held: the type does what clang's annotations would,
// which libstdc++'s mutex lacks.
#pragma once

#include <mutex>
#include <utility>

namespace sluice::sink {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  /// `use(value)` under the lock; it must not keep a reference.
  template <class Use>
  decltype(auto) with(Use&& use) {
    const std::lock_guard lock(mutex_);
    return std::forward<Use>(use)(value_);
  }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace sluice::sink
