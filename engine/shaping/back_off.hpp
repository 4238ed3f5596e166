// One receiver's push-back against one source, as a value that steps: how long to wait, how fast or over how
// many connections to go on, when to try more. Additive patience, multiplicative retreat; no clock, no I/O.
//
// Invariant: while a pause runs, further refusals (mail that was under way) change nothing: a storm of
// replies is one step. After a step down nothing is allowed beyond what was refused until recover_every has
// passed without a refusal, and each refusal beyond it doubles that wait, up to recover_max.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"
#include "engine/shaping/rule.hpp"

namespace sluice::shaping {

/// Messages a second, as seen in the last seconds in which there were any.
struct Pace {
  double tried = 0;
  double taken = 0;  ///< answered without this refusal
};

class BackOff {
 public:
  BackOff(Action action, const Gait& gait) : action_(action), gait_(gait) {}

  /// A refusal. False: it belongs to the step already taken. `connections`: open when one more was refused.
  bool refuse(Instant now, const Pace& pace, unsigned connections, Random& random);
  /// Time has passed. True: a step up was taken, or it is over.
  bool advance(Instant now);
  /// As read back after a restart: the rate or connections it had, and when its next step is due.
  void resume(Instant now, std::optional<double> rate, std::optional<std::uint32_t> connections,
              std::optional<Instant> pause_until);

  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] Action action() const { return action_; }
  /// It goes on after its pause, with less.
  [[nodiscard]] bool gradual() const { return action_ == Action::slow || action_ == Action::connections; }
  [[nodiscard]] Instant pause_until() const { return pause_until_; }
  /// Messages a second after the pause; only for Action::slow.
  [[nodiscard]] double rate() const { return rate_; }
  /// At once; only for Action::connections.
  [[nodiscard]] std::uint32_t connections() const { return connections_; }
  /// advance() has nothing to do before.
  [[nodiscard]] Instant next_step() const { return next_step_; }
  [[nodiscard]] unsigned steps_down() const { return steps_down_; }

 private:
  [[nodiscard]] Millis pause_of() const;
  [[nodiscard]] Millis patience() const;
  void step_down(const Pace& pace, unsigned connections);
  void schedule(Instant from);

  Action action_;
  Gait gait_;
  bool over_ = false;
  Instant pause_until_{};
  Instant next_step_{};
  double rate_ = 0;
  double refused_rate_ = 0;  ///< the rate that brought the last refusal
  double full_rate_ = 0;     ///< far beyond what was taken: reached, it is over
  std::uint32_t connections_ = 0;
  std::uint32_t refused_connections_ = 0;
  std::uint32_t first_connections_ = 0;
  unsigned steps_down_ = 0;
};

/// The rate as a limit takes it: per second, or per minute or hour where that is finer.
[[nodiscard]] throttle::Rate to_rate(double per_second);
[[nodiscard]] double per_second(const throttle::Rate& rate);

}  // namespace sluice::shaping
