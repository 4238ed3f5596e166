#include "engine/delivery/lane_state.hpp"

#include "engine/base/assert.hpp"
#include "engine/delivery/worker.hpp"
#include "throttle/unsent.hpp"

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

throttle::Subject subject_of(const queue::Stream& stream, const Path& path, std::string_view domain) {
  using throttle::Dimension;
  const auto& settings = stream.settings;
  auto subject = path.subject();
  subject[Dimension::tenant] = settings.tenant;
  subject[Dimension::stream] = settings.name;
  subject[Dimension::class_] = queue::name_of(settings.stream_class);
  subject[Dimension::domain] = domain;
  return subject;
}

std::expected<std::uint64_t, throttle::Denial> LaneState::take(const Path& path, Instant now) {
  const auto& found = limits(path, now);
  auto messages = throttle::acquire(found.message, 1, now);
  if (!messages) return std::unexpected(messages.error());
  if (found.bytes.empty() && !found.exact) return 0;
  Grant grant{pinned(path), std::move(*messages), {}, {}, false};
  if (!found.bytes.empty()) {
    const auto expected = worker_.grants().expected_bytes(lane.stream->id);
    auto bytes = throttle::acquire(found.bytes, expected, now);
    if (!bytes) {
      grant.messages.refund(now);
      return std::unexpected(bytes.error());
    }
    grant.bytes = std::move(*bytes);
  }
  return worker_.grants().keep(std::move(grant));
}

const throttle::Limits& LaneState::limits(const Path& path, Instant now) {
  if (limits_.size() <= path.number) limits_.resize(path.number + 1);
  auto& found = limits_[path.number];
  auto& policies = worker_.shared().policies;
  if (found && found->generation == policies.generation()) return *found;
  pass_on(now);  // the limit it was woken by may go with the old answer
  found = policies.resolve(subject_of(*lane.stream, path, lane.domain), now);
  if (auto own = worker_.shared().rates->of(*lane.stream)) {
    auto more = std::make_shared<throttle::Limits>(*found);  // shared: as the memo's answers are
    more->message.push_back(own.get());
    more->exact |= throttle::gets_unsent_back(*own);
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
