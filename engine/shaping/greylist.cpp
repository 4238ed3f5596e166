#include "engine/shaping/greylist.hpp"

#include <algorithm>

namespace sluice::shaping {
namespace {

constexpr std::chrono::hours kMostRemembered{2};  ///< a longer way through the ladder had other causes

}  // namespace

Millis Greylist::step(unsigned refusals) const {
  return ladder_[std::min<std::size_t>(refusals == 0 ? 0 : refusals - 1, ladder_.size() - 1)];
}

std::optional<Millis> Greylist::remembered(std::string_view site, Instant now) {
  const auto hit = sites_.find(site, now);
  return hit ? std::optional(*hit->value) : std::nullopt;
}

Millis Greylist::wait(std::string_view site, unsigned refusals, Instant now) {
  if (refusals > 1) return step(refusals);
  return remembered(site, now).value_or(step(1));
}

void Greylist::passed(std::string_view site, unsigned refusals, Instant now) {
  if (refusals == 0) return;
  auto together = remembered(site, now).value_or(step(1));
  for (unsigned i = 2; i <= refusals && together < kMostRemembered; ++i) together += step(i);
  sites_.put(site, std::min<Millis>(together, kMostRemembered), now + keep_);
}

}  // namespace sluice::shaping
