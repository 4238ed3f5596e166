#include "engine/shaping/canary.hpp"

#include <fmt/format.h>

#include <functional>

namespace sluice::shaping {

/// 0 stands for an empty place.
std::uint64_t Canary::mark_of(StreamId stream, std::string_view provider) {
  auto mixed =
      std::hash<std::string_view>{}(provider) ^ (static_cast<std::uint64_t>(stream) * 0x9E3779B97F4A7C15U);
  mixed = (mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93U;
  mixed ^= mixed >> 32;
  return mixed == 0 ? 1 : mixed;
}

void Canary::begin(StreamId stream, const CanaryOptions& options) {
  if (options.size == 0) return;
  const std::lock_guard lock(mutex_);
  streams_[stream] = {options, {}};
  for (auto& mark : free_) mark.store(0, std::memory_order_release);
  watched_count_.store(streams_.size(), std::memory_order_release);
}

void Canary::end(StreamId stream) {
  const std::lock_guard lock(mutex_);
  streams_.erase(stream);
  watched_count_.store(streams_.size(), std::memory_order_release);
}

bool Canary::watches(StreamId stream) const {
  if (watched_count_.load(std::memory_order_acquire) == 0) return false;
  const std::lock_guard lock(mutex_);
  return streams_.contains(stream);
}

bool Canary::may_go(StreamId stream, std::string_view provider) const {
  if (watched_count_.load(std::memory_order_acquire) == 0) return true;
  const auto mark = mark_of(stream, provider);
  if (free(mark)) return true;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) {
    set_free(mark);
    return true;
  }
  const auto at = found->second.providers.find(provider);
  if (at == found->second.providers.end()) return true;
  if (at->second.passed) set_free(mark);
  return at->second.passed || at->second.gone < found->second.options.size;
}

void Canary::went(StreamId stream, std::string_view provider, Instant now) {
  if (watched_count_.load(std::memory_order_acquire) == 0) return;
  if (free(mark_of(stream, provider))) return;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  auto& flock = found->second.providers[std::string(provider)];
  if (flock.passed) return;
  ++flock.gone;
  flock.last = now;
}

void Canary::answered(StreamId stream, std::string_view provider, bool hard_bounce, bool unknown) {
  if (watched_count_.load(std::memory_order_acquire) == 0) return;
  if (free(mark_of(stream, provider))) return;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  const auto at = found->second.providers.find(provider);
  if (at == found->second.providers.end() || at->second.passed) return;
  ++at->second.answers;
  if (hard_bounce) ++at->second.bounced;
  if (unknown) ++at->second.unknown;
}

std::string Canary::trip_of(const Watched& watched, std::string_view provider, const Flock& flock) {
  const auto where = provider.empty() ? std::string_view("other sites") : provider;
  const auto share = [&](std::uint32_t part) {
    return flock.answers == 0 ? 0.0 : static_cast<double>(part) / flock.answers;
  };
  const auto text = [&](std::string_view what, std::uint32_t part, double most) {
    return fmt::format("canary: {} of the first {} at {} {}, {:.1f} % and at most {:.1f} % are allowed", part,
                       flock.answers, where, what, share(part) * 100, most * 100);
  };
  if (share(flock.bounced) > watched.options.max_bounced)
    return text("bounced", flock.bounced, watched.options.max_bounced);
  if (share(flock.unknown) > watched.options.max_unknown)
    return text("were refused with replies we do not know", flock.unknown, watched.options.max_unknown);
  return {};
}

std::vector<CanaryNews> Canary::tick(Instant now) {
  std::vector<CanaryNews> out;
  if (watched_count_.load(std::memory_order_acquire) == 0) return out;
  const std::lock_guard lock(mutex_);
  for (auto at = streams_.begin(); at != streams_.end();) {
    auto& [stream, watched] = *at;
    std::string trip;
    for (auto& [provider, flock] : watched.providers) {
      const bool all_in = flock.answers >= watched.options.size;
      const bool waited = flock.gone > 0 && now - flock.last >= watched.options.wait;
      if (flock.passed || (!all_in && !waited)) continue;
      trip = trip_of(watched, provider, flock);
      if (!trip.empty()) break;
      flock.passed = true;
      out.push_back({stream, false, provider});
    }
    if (trip.empty()) {
      ++at;
      continue;
    }
    std::erase_if(out, [id = stream](const auto& news) { return news.stream == id; });
    out.push_back({stream, true, std::move(trip)});
    at = streams_.erase(at);
  }
  watched_count_.store(streams_.size(), std::memory_order_release);
  return out;
}

}  // namespace sluice::shaping
