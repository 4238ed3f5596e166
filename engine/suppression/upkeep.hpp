// The thread that keeps the book: the feed of bounces, passes over waiting mail, the filter, expiry.
//
// It looks around every `tick`; whatever fails (a disk that cannot be read) is logged once and tried again.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "engine/suppression/bounce_feed.hpp"
#include "engine/suppression/pass.hpp"

namespace sluice::suppression {

struct UpkeepOptions {
  std::chrono::milliseconds tick{50};
  std::chrono::seconds expire_every{10};  ///< entries whose time is over; they stop counting at once anyway
  std::size_t expire_rows = 10'000;       ///< at a time
};

class Upkeep {
 public:
  /// `exported`: seq of the last event that stands in a file. Both functions are called on this thread.
  Upkeep(queue::Queue& queue, Book& book, const Clock& clock, AudienceOf audience_of,
         std::function<std::uint64_t()> exported, UpkeepOptions options = {});
  ~Upkeep();

  void start();
  /// Before Queue::stop(). The filter's file is written.
  void stop();
  /// One round, for tests, in place of start(). True: there was something to do.
  bool round();

 private:
  void run();
  bool feed();
  bool pass();
  bool step_pass();
  void expire();
  void tell(const char* what, const Expected<>& result, bool& failing);

  queue::Queue& queue_;
  Book& book_;
  const Clock& clock_;
  const AudienceOf audience_of_;
  const std::function<std::uint64_t()> exported_;
  const UpkeepOptions options_;
  BounceFeed feed_;
  std::unique_ptr<Pass> pass_;
  Book::PassPlan plan_;
  bool planned_ = false;
  std::chrono::steady_clock::time_point pass_begun_{};
  std::chrono::steady_clock::time_point next_pass_{};
  std::chrono::steady_clock::time_point next_expiry_{};
  bool feed_failing_ = false;
  bool pass_failing_ = false;
  bool filter_failing_ = false;
  bool expiry_failing_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sluice::suppression
