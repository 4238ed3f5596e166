#include "throttle/limit_table.hpp"

namespace sluice::throttle {

LimitTable::Found LimitTable::get(const LimitSpec& spec, Instant now,
                                  const std::function<void()>& make_room) {
  auto key = spec.prefix + spec.values;
  auto where = spec.where;
  auto known = limits_.find(key);
  if (known == limits_.end() && limits_.size() >= max_limits_) make_room();
  if (known == limits_.end() && limits_.size() >= max_limits_ && !spec.values.empty()) {
    ++overflowed_;
    key = spec.prefix + "(others)";
    where = "(others)";
    known = limits_.find(key);
  }
  if (known != limits_.end()) {
    auto& limit = *known->second.limit;
    limit.set(spec.value, now);
    limit.set_end(spec.ends);
    return {known->second.limit, known->first};
  }
  auto limit = std::make_shared<Limit>(spec.title, std::move(where), spec.value, spec.ends);
  adopt(*limit, key, now);
  const auto made = limits_.emplace(std::move(key), Entry{std::move(limit), spec.prefix.size()}).first;
  return {made->second.limit, made->first};
}

void LimitTable::adopt(Limit& limit, const std::string& key, Instant now) {
  limit.set_journal(journal_, key);
  if (const auto saved = restored_.find(key); saved != restored_.end()) {
    limit.restore(saved->second, now);
    restored_.erase(saved);
  } else if (restored_at_ && now < *restored_at_ + Limit::kSlow) {
    limit.begin_empty(*restored_at_);
  }
}

void LimitTable::keep(const std::function<bool(std::string_view, Limit&)>& keep) {
  credit_ = 0;
  std::erase_if(limits_, [&](auto& item) {
    auto& limit = *item.second.limit;
    if (keep(std::string_view(item.first).substr(0, item.second.prefix), limit)) return false;
    limit.wake_all();
    return true;
  });
}

void LimitTable::forget_idle(Instant now) {
  if (credit_ > 0) {
    --credit_;
    return;
  }
  const auto before = limits_.size();
  std::erase_if(limits_, [&](const auto& item) {
    return item.second.limit.use_count() == 1 && item.second.limit->idle(now);
  });
  // A sweep that found little is not repeated at every miss.
  if (before - limits_.size() < before / 8) credit_ = before / 8;
}

std::vector<SavedLimit> LimitTable::snapshot(Instant now) const {
  std::vector<SavedLimit> saved;
  for (const auto& [key, entry] : limits_) {
    const auto& limit = *entry.limit;
    if (limit.is_slots() || limit.is_gate() || limit.idle(now)) continue;
    saved.push_back({key, limit.state(now)});
  }
  for (const auto& [key, state] : restored_) saved.push_back({key, state});
  return saved;
}

void LimitTable::restore(std::span<const SavedLimit> saved, Instant now) {
  restored_at_ = now;
  for (const auto& limit : saved) {
    if (restored_.size() >= max_limits_) return;
    restored_.insert_or_assign(limit.key, limit.state);
  }
}

void LimitTable::each(const std::function<void(const std::shared_ptr<Limit>&)>& visit) const {
  for (const auto& [key, entry] : limits_) visit(entry.limit);
}

void LimitTable::wake_all() {
  for (const auto& [key, entry] : limits_) entry.limit->wake_all();
}

}  // namespace sluice::throttle
