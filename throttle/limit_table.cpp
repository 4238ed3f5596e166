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
  if (const auto saved = restored_.find(key); saved != restored_.end()) {
    if (limit->is_bucket()) limit->restore(saved->second, now);
    restored_.erase(saved);
  }
  const auto made = limits_.emplace(std::move(key), Entry{std::move(limit), spec.prefix.size()}).first;
  return {made->second.limit, made->first};
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

std::vector<SavedBucket> LimitTable::snapshot(Instant now) const {
  std::vector<SavedBucket> saved;
  for (const auto& [key, entry] : limits_) {
    if (!entry.limit->is_bucket()) continue;
    if (const auto full_at = entry.limit->snapshot(); full_at > now) saved.push_back({key, full_at});
  }
  for (const auto& [key, full_at] : restored_) {
    if (full_at > now) saved.push_back({key, full_at});
  }
  return saved;
}

void LimitTable::restore(std::span<const SavedBucket> saved, Instant now) {
  for (const auto& bucket : saved) {
    if (restored_.size() >= max_limits_) return;
    if (bucket.full_at > now) restored_.insert_or_assign(bucket.key, bucket.full_at);
  }
}

void LimitTable::each(const std::function<void(const Limit&)>& visit) const {
  for (const auto& [key, entry] : limits_) visit(*entry.limit);
}

void LimitTable::wake_all() {
  for (const auto& [key, entry] : limits_) entry.limit->wake_all();
}

}  // namespace sluice::throttle
