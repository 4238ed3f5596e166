#include "engine/base/log_episodes.hpp"

#include <algorithm>

namespace sluice::log {

bool Episodes::admit(std::string_view event, Instant now) {
  auto found = spans_.find(event);
  if (found == spans_.end()) {
    const bool room = spans_.size() < options_.max_events;
    found = spans_.try_emplace(std::string(room ? event : "others")).first;
  }
  auto& span = found->second;
  if (span.ends <= now && span.left_out == 0) span = {now + options_.span, 0, 0};
  first_end_ = std::min(first_end_, span.ends);
  if (span.written < options_.lines) {
    ++span.written;
    return true;
  }
  ++span.left_out;
  return false;
}

std::vector<Episodes::LeftOut> Episodes::take_ended(Instant now) {
  std::vector<LeftOut> out;
  if (now < first_end_) return out;
  first_end_ = Instant::max();
  for (auto it = spans_.begin(); it != spans_.end();) {
    if (it->second.ends > now) {
      first_end_ = std::min(first_end_, it->second.ends);
      ++it;
      continue;
    }
    if (it->second.left_out > 0) out.push_back({it->first, it->second.left_out});
    it = spans_.erase(it);
  }
  return out;
}

}  // namespace sluice::log
