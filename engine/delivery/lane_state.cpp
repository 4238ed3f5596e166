#include "engine/delivery/lane_state.hpp"

#include "engine/base/assert.hpp"
#include "engine/delivery/worker.hpp"

namespace sluice::delivery {

void LaneRoll::add(LaneState& lane) {
  (lane.*member_).at = lanes_.size();
  lanes_.push_back(&lane);
}

void LaneRoll::remove(LaneState& lane) {
  const auto at = (lane.*member_).at;
  SLUICE_ASSERT(at < lanes_.size() && lanes_[at] == &lane);
  lanes_[at] = lanes_.back();
  (lanes_[at]->*member_).at = at;
  lanes_.pop_back();
}

const throttle::Limits& LaneState::limits(const Path& path, Instant now) {
  if (limits_.size() <= path.number) limits_.resize(path.number + 1);
  auto& found = limits_[path.number];
  auto& policies = worker_.shared().policies;
  if (found && found->generation == policies.generation()) return *found;
  pass_on(now);  // the limit it was woken by may go with the old answer
  using throttle::Dimension;
  const auto& settings = lane.stream->settings;
  throttle::Subject subject;
  subject[Dimension::tenant] = settings.tenant;
  subject[Dimension::stream] = settings.name;
  subject[Dimension::class_] = queue::name_of(settings.stream_class);
  subject[Dimension::source] = path.source_options().name;
  subject[Dimension::pool] = dispatch.pool();
  subject[Dimension::provider] = dispatch.site().provider;
  subject[Dimension::site] = dispatch.site().key;
  subject[Dimension::domain] = lane.domain;
  found = policies.resolve(subject, now);
  if (auto own = worker_.shared().rates->of(*lane.stream)) {
    auto more = std::make_shared<throttle::Limits>(*found);  // shared: as the memo's answers are
    more->message.push_back(own.get());
    more->pins.push_back(std::move(own));
    found = std::move(more);
  }
  return *found;
}

std::shared_ptr<const throttle::Limits> LaneState::pinned(const Path& path) const {
  return limits_.at(path.number);
}

void LaneState::wake() {
  worker_.post([&worker = worker_, lane_id = id] {
    auto* state = worker.find_lane(lane_id);
    if (state == nullptr || state->lane.queued || state->lane.records == 0) return;
    state->dispatch.add(*state);
    state->dispatch.pump_later();
  });
}

}  // namespace sluice::delivery
