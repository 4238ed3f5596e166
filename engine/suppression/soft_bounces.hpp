// Temporary failures of one address at one tenant, counted until they say that nobody reads it any more.
//
// A receiver that accepts first and returns the message later says nothing by accepting: a failure that came
// by mail is forgotten only for a delivery that nobody has returned within `grace`.
//
// FACTS 4: promoted after 3-5 events over at least 7 days with no delivery between. Events closer together
// than `spacing` are one (a message that is retried all day is one event), a delivery forgets everything, and
// so do `decay` days without a failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"

namespace sluice::suppression {

struct SoftRule {
  std::uint32_t events = 4;           ///< promoted at the so many-th; 1-255
  std::chrono::hours span{7 * 24};    ///< between the first and the last of them, at least
  std::chrono::hours spacing{20};     ///< events closer than this to the last counted one are not counted
  std::chrono::hours decay{30 * 24};  ///< without an event: the next one is the first again
  std::chrono::hours grace{5 * 24};   ///< a message that is returned is so within this
};

struct SoftBounces {
  std::uint32_t events = 0;
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
  bool by_mail = false;          ///< one of them was
  std::int64_t accepted_ms = 0;  ///< the first delivery since the last of them, kept only if by_mail; 0: none

  enum class Step { ignored, counted, promoted };
  /// An event at that time. `promoted`: the address is to be suppressed, and this row to go.
  [[nodiscard]] Step add(std::int64_t time_ms, const SoftRule& rule, bool mailed = false);
  /// The receiver accepted a message then. True: this row is to go.
  [[nodiscard]] bool accepted(std::int64_t time_ms, const SoftRule& rule);
  [[nodiscard]] bool decayed(std::int64_t now_ms, const SoftRule& rule) const {
    return now_ms - last_ms > std::chrono::milliseconds(rule.decay).count();
  }

  /// Three varints; a fourth, accepted_ms, if by_mail.
  void append_to(std::string& out) const;
  [[nodiscard]] static std::optional<SoftBounces> decode(std::string_view bytes);
};

}  // namespace sluice::suppression
