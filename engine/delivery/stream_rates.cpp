#include "engine/delivery/stream_rates.hpp"

#include <algorithm>

#include "engine/base/log.hpp"
#include "throttle/rate.hpp"

namespace sluice::delivery {

std::shared_ptr<throttle::Limit> StreamRates::of(const queue::Stream& stream) {
  const auto& settings = stream.settings;
  if (settings.rate.empty()) return nullptr;
  const std::lock_guard lock(mutex_);
  if (const auto found = entries_.find(stream.id); found != entries_.end()) return found->second.limit;
  const auto rate = throttle::Rate::parse(settings.rate);
  if (!rate) {  // it was checked when the campaign was accepted: the store holds what an older version wrote
    log::error("campaign_rate_unreadable", {{"campaign", settings.name}, {"reason", rate.error().text}});
    return nullptr;
  }
  forget_ended();
  auto limit = std::make_shared<throttle::Limit>("campaign \"" + settings.name + "\" rate", "", *rate);
  policies_.adopt(*limit, "\x1d" + std::to_string(stream.id), clock_.now());
  entries_[stream.id] = {stream.weak_from_this(), limit};
  return limit;
}

void StreamRates::forget_ended() {
  if (entries_.size() < sweep_at_) return;
  std::erase_if(entries_, [](const auto& entry) {
    const auto stream = entry.second.stream.lock();
    const bool ended = !stream || stream->state() >= queue::StreamState::cancelled;
    return ended && entry.second.limit.use_count() == 1;
  });
  sweep_at_ = std::max<std::size_t>(64, entries_.size() * 2);
}

}  // namespace sluice::delivery
