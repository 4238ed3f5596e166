// Watches the disk that holds the data: says what its free space allows, and keeps the ballast.
//
// The ballast counts as used whether it is there or not, so that taking it never changes the level. It is
// given up when a commit finds the disk full, and taken again once the level is better than `none`.
//
// Every change is a log line and, while the store can write, an event `alert`. look() on the control thread;
// on_commit_failed() on the committer's.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/store/ballast.hpp"
#include "engine/store/disk_room.hpp"
#include "queue/queue.hpp"

namespace sluice::control {

struct DiskWatchOptions {
  std::string folder;                        ///< data_dir; the ballast is a file in it
  store::DiskLimits limits;                  ///< as configured; see DiskLimits::fitted_to()
  std::chrono::milliseconds interval{1000};  ///< between two measurements
};

class DiskWatch {
 public:
  /// Measures, sets the queue's DiskState, and takes the ballast. Fails when the disk cannot be measured.
  [[nodiscard]] static Expected<std::unique_ptr<DiskWatch>> make(DiskWatchOptions options,
                                                                 queue::Queue& queue,
                                                                 std::unique_ptr<store::DiskSpace> space);

  /// Measures when the interval has passed. True: leasing was stopped and may go on now.
  bool look(Instant now);
  /// Gives the ballast up when the disk is full.
  void on_commit_failed(const Error& error);
  [[nodiscard]] const store::DiskLimits& limits() const { return limits_; }
  /// As last measured by look(), on its thread: free bytes without the ballast's.
  [[nodiscard]] const store::DiskSize& last() const { return last_; }

 private:
  DiskWatch(DiskWatchOptions options, queue::Queue& queue, std::unique_ptr<store::DiskSpace> space,
            store::DiskLimits limits);
  Expected<store::DiskSize> measure() const;
  void tell(store::Room from, store::Room to, std::uint64_t free_bytes, Instant now);
  void take_ballast(std::uint64_t free_bytes);
  [[nodiscard]] std::string why(store::Room room, std::uint64_t free_bytes) const;

  const DiskWatchOptions options_;
  const store::DiskLimits limits_;
  queue::Queue& queue_;
  const std::unique_ptr<store::DiskSpace> space_;
  store::Ballast ballast_;
  Instant next_{};
  store::DiskSize last_;
  bool blind_ = false;           ///< the last measurement failed
  bool ballast_failed_ = false;  ///< the last take() failed
};

}  // namespace sluice::control
