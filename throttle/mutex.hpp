// A mutex that clang's thread-safety analysis understands. Used only where somebody waits or limits are
// looked up, never on a grant.
#pragma once

#include <mutex>

#if defined(__clang__)
#define SLUICE_TS(x) __attribute__((x))
#else
#define SLUICE_TS(x)
#endif

namespace sluice::throttle {

class SLUICE_TS(capability("mutex")) Mutex {
 public:
  void lock() SLUICE_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() SLUICE_TS(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class SLUICE_TS(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) SLUICE_TS(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() SLUICE_TS(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace sluice::throttle
