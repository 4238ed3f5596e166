// PolicySet's overrides: set, cleared, expired.
#include <fmt/format.h>

#include <algorithm>

#include "throttle/policy_build.hpp"

namespace sluice::throttle {

Expected<> PolicySet::set_override(Override override, Instant now) {
  fold_case(override.match);
  if (auto checked = check(override, now); !checked) return checked;
  {
    const MutexLock lock(mutex_);
    const auto old = overrides_.find(override.id);
    if (old == overrides_.end() && overrides_.size() >= options_.max_overrides) {
      return fail(ErrorCode::limit, fmt::format("{} overrides are in force, and max_overrides is {}",
                                                overrides_.size(), options_.max_overrides));
    }
    if (old != overrides_.end()) {
      if (old->second.match == override.match) {
        // Limits of an effect that stays are found again and go on under the new value: no second burst.
        keep_limits_of(override, now);
      } else {
        drop_limits_of(old->second, now);
      }
      old->second = override;
    } else {
      overrides_.emplace(override.id, override);
    }
    renew();
  }
  tell(OverrideChange::What::set, override, now);
  return {};
}

Expected<> PolicySet::clear_override(std::string_view id, Instant now) {
  Override gone;
  {
    const MutexLock lock(mutex_);
    const auto found = overrides_.find(id);
    if (found == overrides_.end()) {
      return fail(ErrorCode::not_found, fmt::format("no override \"{}\" is in force", id));
    }
    gone = std::move(found->second);
    overrides_.erase(found);
    renew();
    drop_limits_of(gone, now);
  }
  tell(OverrideChange::What::cleared, gone, now);
  return {};
}

std::vector<Override> PolicySet::overrides(Instant now) const {
  std::vector<Override> out;
  const MutexLock lock(mutex_);
  for (const auto& [id, override] : overrides_) {
    if (now < override.until) out.push_back(override);
  }
  return out;
}

void PolicySet::expire_overrides(Instant now) {
  std::vector<Override> gone;
  {
    const MutexLock lock(mutex_);
    std::erase_if(overrides_, [&](auto& item) {
      if (now < item.second.until) return false;
      gone.push_back(std::move(item.second));
      return true;
    });
    if (gone.empty()) return;
    renew();
    for (const auto& override : gone) drop_limits_of(override, now);
  }
  for (const auto& override : gone) tell(OverrideChange::What::expired, override, now);
}

void PolicySet::drop_limits_of(const Override& override, Instant now) {
  Override nothing;
  nothing.id = override.id;
  keep_limits_of(nothing, now);
}

void PolicySet::keep_limits_of(const Override& override, Instant now) {
  const auto prefix = prefix_of(override);
  const auto stays = [&](std::string_view effect) {
    if (effect.starts_with("pause")) return override.pause;
    if (effect.starts_with("connections")) return override.connections.has_value();
    return effect.starts_with("scale") ? override.scale.has_value()
                                       : override.message_rate && !override.scale;
  };
  table_.keep([&](std::string_view key, Limit& limit) {
    if (!key.starts_with(prefix)) return true;
    if (!stays(key.substr(prefix.size()))) {
      limit.set_end(now);  // answers that still name it are not held up by it
      return false;
    }
    limit.wake_all();
    return true;
  });
}

void PolicySet::tell(OverrideChange::What what, const Override& override, Instant at) const {
  if (listener_) listener_({what, override, at});
}

}  // namespace sluice::throttle
