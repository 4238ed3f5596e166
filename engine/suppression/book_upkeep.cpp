// What the book needs done now and then: passes begun and ended, the filter built and kept, entries expired.
#include <algorithm>
#include <utility>

#include "engine/base/log.hpp"
#include "engine/suppression/book.hpp"
#include "engine/suppression/filter_file.hpp"
#include "engine/suppression/rows.hpp"
#include "queue/families.hpp"

namespace sluice::suppression {
namespace {

constexpr std::uint64_t kSaveAfter = 50'000;  ///< additions before the filter's file is written again
constexpr std::size_t kRowsBetweenLooks = 4096;

}  // namespace

Expected<std::optional<Book::PassPlan>> Book::begin_pass() {
  {
    const std::lock_guard lock(ticket_mutex_);
    if (tickets_[(ticket_turn_ + 1) % 2] > 0) return std::nullopt;
    ++ticket_turn_;
  }
  PassPlan plan;
  auto result = commit_now([&](store::Batch&) {
    if (old_upto_ == swept_) {  // the old table is empty: what is young is this pass' to deal with
      delta_.turn();
      old_upto_ = next_log_ - 1;
    }
    free_retired_ = retired_ != nullptr;
    plan = {old_upto_, epoch_.load(std::memory_order_acquire), owed_.load(std::memory_order_acquire)};
  });
  if (!result) return std::unexpected(result.error());
  return plan;
}

Expected<> Book::end_pass(const PassPlan& plan) {
  return commit_now([&](store::Batch& batch) {
    delta_.clear_old();
    if (std::exchange(free_retired_, false)) retired_.reset();
    swept_ = plan.upto;
    batch.put(queue::kSuppression, kSweptRow, number_bytes(swept_));
    if (plan.full && plan.epoch == epoch_.load(std::memory_order_acquire)) {
      batch.erase(queue::kSuppression, kOwedRow);
      owed_.store(false, std::memory_order_release);
    }
    // Without a file nothing is read back into the filter: it is built from the rows.
    const auto kept = options_.filter_file.empty() ? swept_ : std::min(swept_, saved_log_.load());
    if (kept < oldest_log_) return;
    batch.erase_range(queue::kSuppression, numbered('l', 0), numbered('l', kept + 1));
    oldest_log_ = kept + 1;
  });
}

Expected<> Book::rebuild_filter(const std::atomic<bool>& stop) {
  const auto* now = filter_.load(std::memory_order_acquire);
  if (now != nullptr && (now->layers() <= kMaxLayers || retired_)) return {};
  // What was applied before this is in the database when it returns, and so in the walk below.
  auto begun = commit_now([&](store::Batch&) {
    const std::lock_guard lock(building_mutex_);
    building_ = true;
    added_while_building_.clear();
  });
  if (!begun) return begun;
  const auto subjects = counts().subjects;
  auto filter = std::make_unique<Filter>(std::max(options_.filter_room, subjects + subjects / 16));
  const auto cursor = queue_.database().cursor(queue::kSuppressed, std::string(), std::string(17, '\xff'));
  std::size_t rows = 0;
  for (; cursor->valid(); cursor->next()) {
    if (cursor->key().size() == 16) filter->insert(hash_of(cursor->key()));
    if (++rows % kRowsBetweenLooks == 0 && stop.load(std::memory_order_relaxed)) return {};
  }
  if (auto status = cursor->status(); !status) return status;
  return commit_now([&](store::Batch&) {
    const std::lock_guard lock(building_mutex_);
    for (const auto& hash : added_while_building_) filter->insert(hash);
    added_while_building_ = {};
    building_ = false;
    retired_ = std::exchange(filter_owner_, std::move(filter));
    filter_.store(filter_owner_.get(), std::memory_order_release);
    log::info("suppression_filter_built", {{"subjects", rows}, {"bytes", filter_owner_->bytes()}});
  });
}

Expected<> Book::save_filter(bool always) {
  const auto* filter = filter_.load(std::memory_order_acquire);
  if (filter == nullptr || options_.filter_file.empty()) return {};
  // What is added while it is written may be missing from it, and comes from the log.
  const auto log = log_end_.load(std::memory_order_acquire);
  const auto epoch = epoch_.load(std::memory_order_acquire);
  const auto fresh = log - std::min(log, saved_log_.load());
  const bool much = fresh >= std::max(kSaveAfter, counts().subjects / 50);
  const bool imported = epoch != saved_epoch_.load() && !pass_owed();
  const bool changed = fresh > 0 || epoch != saved_epoch_.load();
  if (!(always ? changed : much || imported)) return {};
  if (auto written = write_filter(options_.filter_file, lookup_.key(), *filter, log, epoch); !written)
    return written;
  saved_log_.store(log, std::memory_order_release);
  saved_epoch_.store(epoch, std::memory_order_release);
  return {};
}

Expected<std::size_t> Book::expire(Instant now, std::size_t limit) {
  std::vector<std::string> due;
  const auto end = numbered('x', static_cast<std::uint64_t>(to_ms(now) / 1000));
  const auto cursor = queue_.database().cursor(queue::kSuppression, "x", end);
  for (; cursor->valid() && due.size() < limit; cursor->next()) due.emplace_back(cursor->key());
  if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  if (due.empty()) return 0;
  auto result = commit_now([&](store::Batch& batch) {
    for (const auto& key : due) {
      if (key.size() == 25) expire_row(batch, key.substr(9), to_ms(now));
      batch.erase(queue::kSuppression, key);
    }
    std::string counts;
    counts_.append_to(counts);
    batch.put(queue::kSuppression, kCountRow, counts);
  });
  if (!result) return std::unexpected(result.error());
  return due.size();
}

}  // namespace sluice::suppression
