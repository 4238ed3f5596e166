// The warm-up of our addresses: how much of today's quota each (source, provider) has left.
//
// Never over the quota, kill -9 or not: a message may begin only on quota that the store already counts as
// used. It is drawn in portions (a twentieth of the quota) ahead of need: the row with the portion is synced,
// then workers may take from it, one compare-and-swap a message. A crash loses what was left of the portions
// drawn, a clean stop nothing. What is taken counts when the transaction begins, retries too; a message that
// did not begin gives it back.
//
// Threads: a Warmup's take() and so on any; tick() and close() one, control's.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "queue/queue.hpp"
#include "throttle/warmup.hpp"

namespace sluice::delivery {

class WarmupBook;

/// One source at one provider. Lives as long as the book.
class Warmup {
 public:
  Warmup(WarmupBook& book, std::string source, std::string provider, throttle::WarmupPlan plan)
      : source(std::move(source)), provider(std::move(provider)), plan(std::move(plan)), book_(book) {}

  const std::string source;
  const std::string provider;  ///< empty: all that the configuration does not know as a provider
  const throttle::WarmupPlan plan;

  /// One message of today's quota. False: none is left, or it is on its way from the store.
  [[nodiscard]] bool take(Instant now);
  /// The message taken at `taken` did not begin.
  void give_back(Instant taken);
  /// What take() would grant at most.
  [[nodiscard]] std::uint64_t left(Instant now) const;
  /// Instant::min() while today's quota is not used up; else the day from which there is more.
  [[nodiscard]] Instant closed_until(Instant now) const;
  /// An attempt had an answer.
  void attempted(bool deferred);

 private:
  friend class WarmupBook;

  /// The wall clock may have been set back since the store was written: the day of its counts goes on.
  [[nodiscard]] throttle::Day day_at(Instant now) const {
    return std::max(throttle::day_of(now), first_day_);
  }

  /// Day in the upper half, messages left in the lower: a portion is good for its day only.
  std::atomic<std::uint64_t> portion_{0};
  std::atomic<throttle::Day> closed_day_{-1};  ///< that day's quota is drawn to its end
  std::atomic<std::uint64_t> low_{0};          ///< with fewer left the next portion is drawn
  std::atomic<bool> warm_{false};
  std::atomic<bool> drawing_{false};        ///< a portion is on its way to the store, or asked for
  std::atomic<std::uint64_t> attempts_{0};  ///< since `state` was last brought up to date
  std::atomic<std::uint64_t> deferrals_{0};
  WarmupBook& book_;
  throttle::Day first_day_ = 0;  ///< set before anybody else knows of it
  throttle::WarmupState state_;  ///< under the book's mutex
};

/// A message's share of the day's quota, given back unless it is spent. Movable.
class WarmupShare {
 public:
  WarmupShare() = default;
  WarmupShare(Warmup* from, Instant at) : from_(from), at_(at) {}
  WarmupShare(WarmupShare&& other) noexcept : from_(std::exchange(other.from_, nullptr)), at_(other.at_) {}
  WarmupShare& operator=(WarmupShare&& other) noexcept {
    if (this == &other) return *this;
    give_back();
    from_ = std::exchange(other.from_, nullptr);
    at_ = other.at_;
    return *this;
  }
  ~WarmupShare() { give_back(); }

  void give_back() {
    if (auto* from = std::exchange(from_, nullptr)) from->give_back(at_);
  }
  /// The transaction began.
  void spend() { from_ = nullptr; }

 private:
  Warmup* from_ = nullptr;
  Instant at_{};
};

struct WarmupView {
  std::string source;
  std::string provider;
  throttle::WarmupState state;
  std::uint32_t steps = 0;
  std::uint64_t quota = 0;  ///< throttle::kUnlimited: warm
  throttle::Day start = 0;
};

class WarmupBook {
 public:
  /// Reads what the store keeps. `wake`: mail may go that had to wait; any thread.
  [[nodiscard]] static Expected<std::unique_ptr<WarmupBook>> open(
      queue::Queue& queue, const Clock& clock, std::map<std::string, throttle::WarmupPlan> plans);
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  /// Null: the source has no warm-up. The first call for a pair begins it.
  [[nodiscard]] Warmup* find(const std::string& source, const std::string& provider);
  [[nodiscard]] bool empty() const { return plans_.empty(); }
  [[nodiscard]] std::vector<WarmupView> all(Instant now);

  /// A complaint about mail of this source, whenever it was sent.
  void complained(std::string_view source, std::string_view provider);
  /// Begins days, and keeps counts. Often; cheap when there is nothing to do.
  void tick(Instant now);
  /// Nothing is sent any more: what was drawn and not taken goes back to the store.
  void close();

 private:
  friend class Warmup;

  WarmupBook(queue::Queue& queue, const Clock& clock, std::map<std::string, throttle::WarmupPlan> plans)
      : queue_(queue), clock_(clock), plans_(std::move(plans)) {}

  void draw(Warmup& warmup);
  void draw_locked(Warmup& warmup, Instant now);
  /// Counts that workers made since the last time go into the state.
  static void bring_up_to_date(Warmup& warmup);
  void begin_day(Warmup& warmup, Instant now);
  [[nodiscard]] queue::Note row_of(const Warmup& warmup, const throttle::WarmupState& state) const;
  [[nodiscard]] static std::string event_of(const Warmup& warmup, Instant now);

  queue::Queue& queue_;
  const Clock& clock_;
  const std::map<std::string, throttle::WarmupPlan> plans_;  ///< by source
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Warmup>> warmups_;
  std::map<std::pair<std::string, std::string>, throttle::WarmupState> kept_;  ///< read, not met yet
  Instant next_keep_{};
  bool closed_ = false;
};

}  // namespace sluice::delivery
