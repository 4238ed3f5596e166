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

bool Committer::wait_for_work(std::vector<std::unique_ptr<Work>>& taken) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
  if (pending_.empty()) return false;
  wake_.wait_until(lock, first_pending_ + options_.commit_delay, [this] { return stopping_ || urgent_; });
  taken.swap(pending_);
  urgent_ = false;
  lock.unlock();
  room_.notify_all();
  return true;
}

void Committer::run() {
  std::vector<std::unique_ptr<Work>> works;
  while (wait_for_work(works)) {
    commit(works);
    works.clear();
  }
}

void Committer::commit(std::vector<std::unique_ptr<Work>>& works) {
  std::size_t from = 0;
  while (from < works.size()) {
    auto batch = database_.make_batch();
    std::size_t to = from;
    while (to < works.size() && batch.bytes() < options_.max_batch_bytes) works[to++]->apply(batch);
    if (seal_) seal_(batch);
    const auto result = batch.empty() ? Expected<>{} : write_until_done(batch);
    if (result && after_) after_();
    {
      const std::lock_guard lock(mutex_);
      ++stats_.commits;
      stats_.works += to - from;
      stats_.bytes += batch.bytes();
    }
    for (; from < to; ++from) works[from]->done(result);
  }
}

Expected<> Committer::write_until_done(Batch& batch) {
  Expected<> resumed;
  for (;;) {
    const auto begin = steady_clock::now();
    auto result = resumed ? database_.write_synced(batch) : resumed;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin);
    std::unique_lock lock(mutex_);
    stats_.busy_us += static_cast<std::uint64_t>(took.count());
    if (result) {
      lock.unlock();
      if (!healthy()) set_health(std::nullopt);
      return {};
    }
    ++stats_.failures;
    lock.unlock();
    if (resumed) set_health(result.error());  // that it still fails to resume says less than why it failed
    lock.lock();
    wake_.wait_for(lock, options_.resume_interval, [this] { return stopping_; });
    const bool give_up = stopping_;
    lock.unlock();
    resumed = database_.resume();
    if (give_up) return resumed ? database_.write_synced(batch) : result;
  }
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
