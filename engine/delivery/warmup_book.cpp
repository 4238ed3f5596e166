#include "engine/delivery/warmup_book.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/log.hpp"

namespace sluice::delivery {
namespace {

constexpr std::uint64_t kPortions = 20;  ///< of a day's quota; what a crash may lose is one and a half
constexpr std::uint64_t kLeastPortion = 10;
constexpr std::uint64_t kMostPortion = 5'000;
constexpr std::chrono::seconds kKeepEvery{10};  ///< counts of attempts and deferrals are kept so often

std::uint64_t packed(throttle::Day day, std::uint64_t left) {
  return std::uint64_t{static_cast<std::uint32_t>(day)} << 32 | left;
}
throttle::Day day_in(std::uint64_t word) { return static_cast<throttle::Day>(word >> 32); }
std::uint64_t left_in(std::uint64_t word) { return word & 0xffffffffU; }

std::uint64_t portion_of(std::uint64_t quota) {
  return std::clamp(quota / kPortions, kLeastPortion, kMostPortion);
}

}  // namespace

bool Warmup::take(Instant now) {
  if (warm_.load(std::memory_order_acquire)) return true;
  const auto today = day_at(now);
  auto word = portion_.load(std::memory_order_acquire);
  while (day_in(word) == today && left_in(word) > 0) {
    if (!portion_.compare_exchange_weak(word, word - 1, std::memory_order_acq_rel)) continue;
    if (left_in(word) <= low_.load(std::memory_order_relaxed)) book_.draw(*this);
    return true;
  }
  book_.draw(*this);
  return false;
}

void Warmup::give_back(Instant taken) {
  if (warm_.load(std::memory_order_acquire)) return;
  auto word = portion_.load(std::memory_order_acquire);
  while (day_in(word) == day_at(taken)) {
    if (portion_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel)) return;
  }
}

std::uint64_t Warmup::left(Instant now) const {
  if (warm_.load(std::memory_order_acquire)) return throttle::kUnlimited;
  const auto word = portion_.load(std::memory_order_acquire);
  return day_in(word) == day_at(now) ? left_in(word) : 0;
}

Instant Warmup::closed_until(Instant now) const {
  const auto today = day_at(now);
  if (closed_day_.load(std::memory_order_acquire) != today || left(now) > 0) return Instant::min();
  return throttle::start_of(std::max(today + 1, plan.start));
}

void Warmup::attempted(bool deferred) {
  attempts_.fetch_add(1, std::memory_order_relaxed);
  if (deferred) deferrals_.fetch_add(1, std::memory_order_relaxed);
}

Expected<std::unique_ptr<WarmupBook>> WarmupBook::open(queue::Queue& queue, const Clock& clock,
                                                       std::map<std::string, throttle::WarmupPlan> plans) {
  std::unique_ptr<WarmupBook> out(new WarmupBook(queue, clock, std::move(plans)));
  const auto rows = queue.notes(queue::kWarmupPrefix);
  if (!rows) return std::unexpected(rows.error());
  for (const auto& [key, value] : *rows) {
    const auto zero = key.find('\0');
    const auto state = throttle::WarmupState::decode(value);
    if (zero == std::string::npos || !state)
      return fail(ErrorCode::corrupt, queue::damaged_note(queue::kWarmupPrefix, key));
    out->kept_[{key.substr(0, zero), key.substr(zero + 1)}] = *state;
  }
  return out;
}

Warmup* WarmupBook::find(const std::string& source, const std::string& provider) {
  const auto plan = plans_.find(source);
  if (plan == plans_.end()) return nullptr;
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  auto& found = warmups_[{source, provider}];
  if (found) return found.get();
  found = std::make_unique<Warmup>(*this, source, provider, plan->second);
  if (const auto kept = kept_.find({source, provider}); kept != kept_.end()) {
    found->state_ = kept->second;
    kept_.erase(kept);
  } else {
    found->state_.day = throttle::day_of(now);
  }
  found->first_day_ = found->state_.day;
  begin_day(*found, now);
  draw_locked(*found, now);
  return found.get();
}

void WarmupBook::draw(Warmup& warmup) {
  if (warmup.drawing_.load(std::memory_order_acquire)) return;
  if (warmup.closed_day_.load(std::memory_order_acquire) == warmup.day_at(clock_.now())) return;
  const std::lock_guard lock(mutex_);
  draw_locked(warmup, clock_.now());
}

/// The store counts the portion as used before anybody may take of it.
void WarmupBook::draw_locked(Warmup& warmup, Instant now) {
  if (closed_ || warmup.drawing_.load(std::memory_order_acquire)) return;
  const auto quota = throttle::quota_of(warmup.plan, warmup.state_);
  const auto today = warmup.state_.day;
  if (quota == throttle::kUnlimited) {
    if (!warmup.warm_.exchange(true, std::memory_order_acq_rel) && wake_) wake_();
    return;
  }
  if (today != warmup.day_at(now)) return;  // the day begins with the next tick
  const auto word = warmup.portion_.load(std::memory_order_acquire);
  const auto left = day_in(word) == today ? left_in(word) : 0;
  const auto portion = portion_of(quota);
  warmup.low_.store(portion / 2, std::memory_order_relaxed);
  if (left > portion / 2) return;
  const auto more = std::min(portion, quota - std::min(quota, warmup.state_.used));
  if (more == 0) return warmup.closed_day_.store(today, std::memory_order_release);
  warmup.drawing_.store(true, std::memory_order_release);
  bring_up_to_date(warmup);
  warmup.state_.used += more;
  queue::Notes notes;
  notes.rows.push_back(row_of(warmup, warmup.state_));
  queue_.keep(std::move(notes), store::Urgency::now, [this, &warmup, today, more](const Expected<>& done) {
    if (done) {
      auto before = warmup.portion_.load(std::memory_order_acquire);
      for (;;) {
        const auto kept = day_in(before) == today ? left_in(before) : 0;
        if (warmup.portion_.compare_exchange_weak(before, packed(today, kept + more))) break;
      }
    }
    warmup.drawing_.store(false, std::memory_order_release);
    if (wake_) wake_();
  });
}

void WarmupBook::bring_up_to_date(Warmup& warmup) {
  warmup.state_.attempts += warmup.attempts_.exchange(0, std::memory_order_relaxed);
  warmup.state_.deferrals += warmup.deferrals_.exchange(0, std::memory_order_relaxed);
}

void WarmupBook::begin_day(Warmup& warmup, Instant now) {
  bring_up_to_date(warmup);
  const auto step = warmup.state_.step;
  if (!throttle::roll(warmup.plan, warmup.state_, now)) return;
  const bool before = warmup.state_.day < warmup.plan.start;
  const bool tells = warmup.state_.step != step || warmup.state_.held == throttle::WarmupHold::deferrals ||
                     warmup.state_.held == throttle::WarmupHold::complaints;
  queue::Notes notes;
  notes.rows.push_back(row_of(warmup, warmup.state_));
  if (tells && !before) notes.events.push_back(event_of(warmup, now));
  queue_.keep(std::move(notes), store::Urgency::soon, {});
  log::info("warmup_day", {{"source", warmup.source},
                           {"provider", warmup.provider},
                           {"step", warmup.state_.step},
                           {"held", name_of(warmup.state_.held)}});
}

queue::Note WarmupBook::row_of(const Warmup& warmup, const throttle::WarmupState& state) const {
  queue::Note out{std::string(queue::kWarmupPrefix) + warmup.source, std::string()};
  out.key.append(1, '\0').append(warmup.provider);
  state.append_to(*out.value);
  return out;
}

std::string WarmupBook::event_of(const Warmup& warmup, Instant now) {
  const auto quota = throttle::quota_of(warmup.plan, warmup.state_);
  const bool held = warmup.state_.held != throttle::WarmupHold::none;
  queue::Event event;
  event.kind = queue::EventKind::warmup;
  event.time_ms = to_ms(now);
  event.source = warmup.source;
  event.provider = warmup.provider;
  event.event_class = held ? "held" : quota == throttle::kUnlimited ? "warm" : "step";
  const auto amount = quota == throttle::kUnlimited ? std::string("no quota any more")
                                                    : fmt::format("{} messages today", quota);
  const auto detail = held ? fmt::format("{}: {}", name_of(warmup.state_.held), amount) : amount;
  event.detail = detail;
  std::string out;
  event.append_to(out);
  return out;
}

std::vector<WarmupView> WarmupBook::all(Instant now) {
  const std::lock_guard lock(mutex_);
  std::vector<WarmupView> out;
  for (auto& [key, warmup] : warmups_) {
    bring_up_to_date(*warmup);
    auto state = warmup->state_;
    state.used -= std::min(state.used, warmup->warm_.load() ? 0 : warmup->left(now));
    out.push_back({key.first, key.second, state, static_cast<std::uint32_t>(warmup->plan.ladder.size()),
                   throttle::quota_of(warmup->plan, state), warmup->plan.start});
  }
  for (const auto& [key, state] : kept_) {
    const auto plan = plans_.find(key.first);
    if (plan == plans_.end()) continue;
    auto today = state;
    throttle::roll(plan->second, today, now);
    out.push_back({key.first, key.second, today, static_cast<std::uint32_t>(plan->second.ladder.size()),
                   throttle::quota_of(plan->second, today), plan->second.start});
  }
  return out;
}

void WarmupBook::complained(std::string_view source, std::string_view provider) {
  const std::lock_guard lock(mutex_);
  const auto found = warmups_.find({std::string(source), std::string(provider)});
  if (found != warmups_.end()) ++found->second->state_.complaints;
}

void WarmupBook::tick(Instant now) {
  const std::lock_guard lock(mutex_);
  if (closed_ || warmups_.empty()) return;
  for (auto& [key, warmup] : warmups_) {
    if (throttle::day_of(now) > warmup->state_.day) begin_day(*warmup, now);
    // Every time: where nothing is left nobody takes, and the day's first portion may have been refused
    // because yesterday's last one was still on its way to the store.
    draw_locked(*warmup, now);
  }
  if (now < next_keep_) return;
  next_keep_ = now + kKeepEvery;
  queue::Notes notes;
  for (auto& [key, warmup] : warmups_) {
    const auto before = warmup->state_;
    bring_up_to_date(*warmup);
    if (warmup->state_ != before) notes.rows.push_back(row_of(*warmup, warmup->state_));
  }
  if (!notes.rows.empty()) queue_.keep(std::move(notes), store::Urgency::soon, {});
}

void WarmupBook::close() {
  const auto now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (std::exchange(closed_, true)) return;
  queue::Notes notes;
  for (auto& [key, warmup] : warmups_) {
    bring_up_to_date(*warmup);
    auto state = warmup->state_;
    const bool drawn = !warmup->drawing_.load(std::memory_order_acquire) && !warmup->warm_.load();
    if (drawn && state.day == warmup->day_at(now)) state.used -= std::min(state.used, warmup->left(now));
    notes.rows.push_back(row_of(*warmup, state));
  }
  if (!notes.rows.empty()) queue_.keep(std::move(notes), store::Urgency::soon, {});
}

}  // namespace sluice::delivery
