// PolicySet's limits as they are: kept across a restart, shown, reset.
#include <algorithm>

#include "throttle/policy_build.hpp"

namespace sluice::throttle {

std::vector<SavedLimit> PolicySet::snapshot(Instant now) const {
  const MutexLock lock(mutex_);
  return table_.snapshot(now);
}

void PolicySet::restore(std::span<const SavedLimit> saved, std::vector<Override> overrides, Instant now) {
  const MutexLock lock(mutex_);
  table_.restore(saved, now);
  for (auto& override : overrides) {
    if (overrides_.size() >= options_.max_overrides) break;
    if (check(override, now)) overrides_.insert_or_assign(override.id, std::move(override));
  }
  renew();
}

void PolicySet::adopt(Limit& limit, const std::string& key, Instant now) {
  const MutexLock lock(mutex_);
  table_.adopt(limit, key, now);
}

std::vector<SavedLimit> PolicySet::take_changed(Instant now) {
  std::vector<SavedLimit> out;
  for (const auto& limit : changed_.take()) {
    auto state = limit->state_to_save(now);
    out.push_back({limit->key(), state});
  }
  return out;
}

std::vector<PolicySet::View> PolicySet::view(Instant now) const {
  std::vector<View> out;
  const MutexLock lock(mutex_);
  table_.each([&](const std::shared_ptr<Limit>& limit) {
    const auto* kind = limit->is_bucket() ? "rate" : limit->is_quota() ? "quota" : "pause";
    if (limit->is_slots()) kind = "slots";
    out.push_back({limit->name(), limit->describe(now), kind, limit->waiting(), limit->ready_at(now, 1)});
  });
  std::ranges::sort(out, {}, &View::name);
  return out;
}

std::map<std::string, std::size_t> PolicySet::waiting() const {
  constexpr std::string_view kPolicy = "policy \"";
  std::map<std::string, std::size_t> out;
  const MutexLock lock(mutex_);
  for (const auto& rule : rules_) out.try_emplace(rule.options.name);
  table_.each([&](const std::shared_ptr<Limit>& limit) {
    const auto waiting = limit->waiting();
    if (waiting == 0) return;
    const std::string_view title = limit->title();
    const auto end = title.rfind('"');
    const bool of_policy = title.starts_with(kPolicy) && end >= kPolicy.size();
    out[of_policy ? std::string(title.substr(kPolicy.size(), end - kPolicy.size())) : "override"] += waiting;
  });
  return out;
}

std::size_t PolicySet::reset(std::string_view text) {
  std::size_t count = 0;
  const MutexLock lock(mutex_);
  table_.each([&](const std::shared_ptr<Limit>& limit) {
    if (limit->is_slots() || limit->is_gate() || limit->name().find(text) == std::string::npos) return;
    limit->reset();
    ++count;
  });
  return count;
}

}  // namespace sluice::throttle
