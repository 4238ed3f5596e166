#include "engine/control/thread_probe.hpp"

namespace sluice::control {

void ThreadProbe::watch(std::string name, Post post) {
  watched_.push_back({.name = std::move(name), .post = std::move(post)});
}

void ThreadProbe::tick(Instant now) {
  if (now < next_) return;
  next_ = now + kEvery;
  for (auto& one : watched_) {
    if (!one.answered->exchange(false)) continue;  // still the last question
    one.asked = now;
    one.post([answered = one.answered] { answered->store(true); });
  }
}

std::vector<ThreadProbe::Stall> ThreadProbe::stalls(Instant now) const {
  std::vector<Stall> out;
  for (const auto& one : watched_) {
    const bool stalls = !one.answered->load() && now - one.asked > kPatience;
    out.push_back({one.name, std::chrono::duration<double>(stalls ? now - one.asked : Micros(0))});
  }
  return out;
}

}  // namespace sluice::control
