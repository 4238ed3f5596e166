// What shaping may do to the world. The service turns it into overrides, events and held campaigns; tests
// write it down.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"
#include "throttle/override.hpp"

namespace sluice::shaping {

/// Less than the policies allow, for a while; the id is what `throttle reset` names.
using Change = throttle::Override;

/// Called on the thread that had the engine decide, without its lock.
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
