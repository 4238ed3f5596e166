// A change of what is allowed, with a cause and an end, on top of the policies: a shaping rule that steps
// back from a receiver, or an operator who pauses one.
//
// An override only ever takes away. Whoever it matches asks the override's limits beside those of the
// policies, and all must grant; mail it does not match, though it shares a limit with mail it does, keeps its
// full share. It ends by itself at `until`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "throttle/policy.hpp"

namespace sluice::throttle {

struct Override {
  std::string id;  ///< whose rule, for what: "tss04 source=a provider=yahoo"; setting it again replaces it
  Match match;     ///< as in a policy; "*" gives each value its own limits
  /// Of every message_rate that a policy sets for the matching mail, this share, in (0, 1). Each of those
  /// limits gets a slower twin that only the matching mail asks.
  std::optional<double> scale;
  /// With `scale`: what is scaled where no policy sets a rate. Alone: a limit of its own.
  std::optional<Rate> message_rate;
  std::optional<std::uint32_t> connections;  ///< at least 1; those open already count
  bool pause = false;                        ///< neither messages nor new connections before `until`
  Instant until{};
  std::string cause;  ///< for people: the reply, the ratio, the operator's words
  std::string by;     ///< "operator", or the name of a rule
};

/// Nothing wrong with it, or the first thing that is: an empty id or by, control bytes or too long texts, no
/// effect, a share outside (0, 1), zeros, an end that is not after `now`.
[[nodiscard]] Expected<> check(const Override& override, Instant now);

/// `pause`, `scale 0.25`, `message_rate 10/s`, `connections 2`; several joined by ", ".
[[nodiscard]] std::string effect_of(const Override& override);

struct OverrideChange {
  enum class What : std::uint8_t { set, cleared, expired };
  What what;
  Override override;
  Instant at{};
};
/// Called on the thread that changed it or found it expired, without a lock of the policy set.
using OverrideListener = std::function<void(const OverrideChange&)>;

}  // namespace sluice::throttle
