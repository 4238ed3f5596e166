#include "engine/store/committer.hpp"

#include <pthread.h>

#include "engine/base/log.hpp"

namespace sluice::store {

using std::chrono::steady_clock;

Committer::Committer(Database& database, const Options& options, std::function<void(Batch&)> seal,
                     std::function<void()> after)
    : database_(database), options_(options), seal_(std::move(seal)), after_(std::move(after)) {}

Committer::~Committer() { stop(); }

void Committer::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "committer");
    run();
  });
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  room_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Committer::submit(std::unique_ptr<Work> work, Urgency urgency) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return pending_.size() < options_.max_pending_works || stopping_; });
  if (stopping_) {
    lock.unlock();
    work->done(fail(ErrorCode::cancelled, "the store is closing"));
    return;
  }
  if (pending_.empty()) first_pending_ = steady_clock::now();
  pending_.push_back(std::move(work));
  const bool wake = pending_.size() == 1 || (urgency == Urgency::now && !urgent_);
  if (urgency == Urgency::now) urgent_ = true;
  lock.unlock();
  if (wake) wake_.notify_one();
}

bool Committer::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
  if (pending_.empty()) return false;
  wake_.wait_until(lock, first_pending_ + options_.commit_delay, [this] { return stopping_ || urgent_; });
  return true;
}

void Committer::wait_after_failure() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, options_.resume_interval, [this] { return stopping_; });
}

void Committer::run() {
  while (wait_for_work()) {
    while (!step()) wait_after_failure();
  }
}

bool Committer::step() {
  if (taken_.empty()) take_pending();
  while (reported_ < taken_.size()) {
    if (!batch_) apply_next();
    const bool last_try = failed_ && stopping();
    const auto result = write();
    if (!result && !last_try) return false;
    finish(result);
  }
  taken_.clear();
  reported_ = applied_ = 0;
  return true;
}

void Committer::settle_pending() {
  if (thread_.joinable()) return;
  while (pending() > 0) {
    if (!step() && pause_) pause_();
  }
}

void Committer::take_pending() {
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(pending_);
    in_hand_ = taken_.size();
    urgent_ = false;
  }
  room_.notify_all();
}

void Committer::apply_next() {
  batch_.emplace(database_.make_batch());
  while (applied_ < taken_.size() && batch_->bytes() < options_.max_batch_bytes)
    taken_[applied_++]->apply(*batch_);
  if (seal_) seal_(*batch_);
}

Expected<> Committer::write() {
  if (batch_->empty()) return {};
  const bool resumed = !failed_ || database_.resume();
  const auto begin = steady_clock::now();
  // That it still fails to resume says less than why it failed.
  const auto result = resumed ? database_.write_synced(*batch_) : std::unexpected(health().value());
  took_ = steady_clock::now() - begin;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(took_);
  {
    const std::lock_guard lock(mutex_);
    stats_.busy_us += static_cast<std::uint64_t>(took.count());
    stats_.failures += result ? 0 : 1;
  }
  failed_ = !result;
  if (failed_) {
    set_health(result.error());
    if (relief_) relief_(result.error());
    if (database_.lost() && lost_) std::exchange(lost_, {})(result.error());
  } else if (!healthy()) {
    set_health(std::nullopt);
  }
  return result;
}

void Committer::finish(const Expected<>& result) {
  if (result && after_) after_();
  if (result && meter_ && !batch_->empty()) meter_({took_, applied_ - reported_});
  {
    const std::lock_guard lock(mutex_);
    ++stats_.commits;
    stats_.works += applied_ - reported_;
    stats_.bytes += batch_->bytes();
    in_hand_ -= applied_ - reported_;
  }
  batch_.reset();
  for (; reported_ < applied_; ++reported_) taken_[reported_]->done(result);
}

bool Committer::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

std::size_t Committer::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_.size() + in_hand_;
}

void Committer::set_health(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  if (error && !health_) log::error("store_commit_failed", {{"reason", error->text}});
  if (!error && health_) log::warn("store_commit_recovered");
  health_ = std::move(error);
  healthy_.store(!health_.has_value(), std::memory_order_release);
}

std::optional<Error> Committer::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

CommitterStats Committer::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace sluice::store
