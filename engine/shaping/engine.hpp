// Shaping as a whole: replies and shares of outcomes in, changes of what is allowed out.
//
// A refusal that a rule matches starts or deepens a back-off of (source, provider or site); ticks lift it
// step by step. Controllers judge the outcomes of paths, campaigns and tenants. Every change goes out by
// Effects with its cause and end, so that an operator sees and cancels it, and ends by itself if nobody
// renews it. The decisions are pure: clock, chance and effects come in.
//
// Threads: any, for every function. One mutex, taken for refusals that a rule matches and once a second by
// each worker, never for a message that was taken.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/lru_cache.hpp"
#include "engine/shaping/back_off.hpp"
#include "engine/shaping/effects.hpp"
#include "engine/shaping/observation.hpp"
#include "engine/shaping/pace_meter.hpp"
#include "engine/shaping/rule_set.hpp"
#include "engine/shaping/tally.hpp"
#include "throttle/mutex.hpp"

namespace sluice::shaping {

struct EngineStats {
  std::uint64_t refusals = 0;  ///< that a rule matched
  std::uint64_t steps_down = 0;
  std::uint64_t steps_up = 0;
  std::uint64_t judged = 0;       ///< times a controller acted
  std::uint64_t crowded_out = 0;  ///< back-offs not begun for max_back_offs
  std::size_t back_offs = 0;      ///< in force
};

class Engine {
 public:
  /// Refuses broken rules and controllers; the error names them. `effects` outlives the engine.
  [[nodiscard]] static Expected<std::unique_ptr<Engine>> make(Options options, Effects& effects,
                                                              Random random);

  /// Shared: workers look replies up without the engine's lock, and a reload replaces it.
  [[nodiscard]] std::shared_ptr<const RuleSet> rules() const;
  /// New rules and controllers; back-offs in force run on by the rules that began them. Unchanged on failure.
  [[nodiscard]] Expected<> reload(Options options);

  /// A refusal that `rule` matched.
  Verdict refused(const RuleOptions& rule, const Observation& what, Instant now);
  void count(std::span<const Tally> tallies, Instant now);
  /// A bounce or complaint that came back by mail, about what was sent there.
  void feedback(Feedback kind, const Place& place, const Origin& origin, Instant now);

  /// Steps up what is due. At least once a second while back_offs are in force.
  void tick(Instant now);
  /// Back-offs in force before a restart go on, stepping up gently. Others' changes are left alone.
  void adopt(std::span<const Change> changes, Instant now);
  /// An operator took the change away: its back-off is forgotten.
  void cancelled(const std::string& id);

  [[nodiscard]] EngineStats stats() const;

 private:
  struct Running {
    BackOff back_off;
    throttle::Match match;
    std::string by;
    std::string cause;
  };
  /// Of one path, campaign or tenant.
  struct Counted {
    PaceMeter pace;
    std::vector<ShareWindow> windows;  ///< of the controllers that look at it, in their order
  };
  /// Decided under the lock, done behind it.
  struct Act {
    enum class What : std::uint8_t { set, clear, hold } what;
    Change change;  ///< clear: its id; hold: its cause
    StreamId stream = 0;
  };
  struct Subject {
    Whose whose;
    std::string key;
    throttle::Match match;
    StreamId stream = 0;
  };

  Engine(Options options, RuleSet rules, Effects& effects, Random random);
  [[nodiscard]] static std::string problem_of(const Options& options);

  Counted& counted(const std::string& key, Whose whose, Instant now) SLUICE_TS(requires_capability(mutex_));
  void add(const Subject& subject, const Tally& tally, Instant now) SLUICE_TS(requires_capability(mutex_));
  void act(const ControllerOptions& controller, const Subject& subject, const Judged& judged, Instant now)
      SLUICE_TS(requires_capability(mutex_));
  /// Null: max_back_offs are in force.
  Running* running(Action action, const Gait& gait, const throttle::Match& match)
      SLUICE_TS(requires_capability(mutex_));
  void perform(std::vector<Act> acts, Instant now);
  Verdict decide(const RuleOptions& rule, const Observation& what, Instant now)
      SLUICE_TS(requires_capability(mutex_));
  void add_all(const Tally& tally, Instant now) SLUICE_TS(requires_capability(mutex_));
  void resume(const Change& change, Action action, Instant now) SLUICE_TS(requires_capability(mutex_));
  void announce(const std::string& id, const Running& one, bool stepped_down, unsigned open, Instant now)
      SLUICE_TS(requires_capability(mutex_));

  Effects& effects_;
  mutable throttle::Mutex mutex_;
  Options options_ SLUICE_TS(guarded_by(mutex_));
  std::shared_ptr<const RuleSet> rules_ SLUICE_TS(guarded_by(mutex_));
  Random random_ SLUICE_TS(guarded_by(mutex_));
  std::map<std::string, Running> running_ SLUICE_TS(guarded_by(mutex_));  ///< by id
  LruCache<Counted> counted_ SLUICE_TS(guarded_by(mutex_));
  EngineStats stats_ SLUICE_TS(guarded_by(mutex_));
  std::vector<Act> acts_ SLUICE_TS(guarded_by(mutex_));
};

/// What is wrong with a controller; empty: nothing.
[[nodiscard]] std::string problem_of(const ControllerOptions& controller);

/// `slow:a:google`, `out:a:site mx.example.test`: the id of a back-off's change. The pause before it has
/// `:pause` behind it.
[[nodiscard]] std::string id_of(Action action, const throttle::Match& match);
[[nodiscard]] std::string_view name_of(Action action);

/// One line for a person: code, enhanced code and the beginning of the text, without control bytes.
[[nodiscard]] std::string cause_of(const std::string& rule, const message::Reply& reply);

}  // namespace sluice::shaping
