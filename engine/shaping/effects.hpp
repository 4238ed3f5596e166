// What shaping may do to the world. The service turns it into overrides, events and held campaigns; tests
// write it down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"
#include "throttle/policy.hpp"

namespace sluice::shaping {

/// Less than the policies allow, for a while.
struct Change {
  std::string id;  ///< "shaping slow a google": what `throttle reset` names
  throttle::Match match;
  std::optional<throttle::Rate> message_rate;
  std::optional<double> scale;  ///< of every message_rate that applies
  std::optional<std::uint32_t> connections;
  bool pause = false;
  Instant until{};
  std::string cause;
  std::string by;  ///< the rule's or controller's name
};

/// Called on any thread, with the engine's lock held: hand over and return, and never call back into it.
class Effects {
 public:
  virtual ~Effects() = default;
  /// In force at once and until its end; in place of the one with the same id.
  virtual void set(Change change, Instant now) = 0;
  virtual void clear(const std::string& id, Instant now) = 0;
  /// The campaign stands still until an operator resumes it.
  virtual void hold(StreamId campaign, const std::string& reason) = 0;
};

}  // namespace sluice::shaping
