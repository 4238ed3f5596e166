#include "engine/shaping/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace sluice::shaping {
namespace {

using throttle::Dimension;
using throttle::MutexLock;

constexpr std::chrono::hours kCountedKeep{24};  ///< of a path, campaign or tenant that sends nothing

throttle::Match match_of(const Place& place, Reach reach) {
  throttle::Match out;
  out[Dimension::source] = place.source;
  if (reach == Reach::provider && !place.provider.empty()) {
    out[Dimension::provider] = place.provider;
  } else {
    out[Dimension::site] = place.site;
  }
  return out;
}

std::string key_of_path(const Place& place) {
  return fmt::format("path {} {}", place.source, place.provider.empty() ? place.site : place.provider);
}

/// What the change may outlive its next step by, if nobody renews it.
Instant end_of(const BackOff& back_off, Millis grace) { return back_off.next_step() + grace; }

constexpr Millis kGrace{60'000};

}  // namespace

std::string problem_of(const ControllerOptions& controller) {
  if (controller.name.empty()) return "has no name";
  if (!(controller.above > 0 && controller.above < 1)) return "above must be a share between 0 and 1";
  if (controller.minimum == 0) return "minimum must be at least 1";
  if (controller.window < Millis{1000}) return "window must be a second at least";
  if (controller.remedy == Remedy::hold && controller.whose != Whose::campaign) {
    return "only a campaign can be held";
  }
  return problem_of(controller.gait);
}

Engine::Engine(Options options, RuleSet rules, Effects& effects, Random random)
    : effects_(effects),
      options_(std::move(options)),
      rules_(std::make_shared<const RuleSet>(std::move(rules))),  // shared: see rules()
      random_(std::move(random)),
      counted_(options_.max_counted) {}

std::string Engine::problem_of(const Options& options) {
  if (options.controllers.size() > options.max_controllers) {
    return fmt::format("{} controllers, and max_controllers is {}", options.controllers.size(),
                       options.max_controllers);
  }
  for (const auto& one : options.controllers) {
    const auto why = shaping::problem_of(one);
    if (!why.empty()) return fmt::format("controller \"{}\": {}", one.name, why);
  }
  return {};
}

Expected<std::unique_ptr<Engine>> Engine::make(Options options, Effects& effects, Random random) {
  if (auto why = problem_of(options); !why.empty()) return fail(ErrorCode::invalid_input, std::move(why));
  auto rules = RuleSet::compile(options);
  if (!rules) return std::unexpected(rules.error());
  return std::unique_ptr<Engine>(
      new Engine(std::move(options), std::move(*rules), effects, std::move(random)));
}

std::shared_ptr<const RuleSet> Engine::rules() const {
  const MutexLock lock(mutex_);
  return rules_;
}

Expected<> Engine::reload(Options options) {
  if (auto why = problem_of(options); !why.empty()) return fail(ErrorCode::invalid_input, std::move(why));
  auto rules = RuleSet::compile(options);
  if (!rules) return std::unexpected(rules.error());
  const MutexLock lock(mutex_);
  rules_ = std::make_shared<const RuleSet>(std::move(*rules));  // shared: see rules()
  options_ = std::move(options);
  counted_.clear();  // their windows are those of other controllers
  return {};
}

Engine::Running* Engine::running(Action action, const Gait& gait, const throttle::Match& match) {
  const auto id = id_of(action, match);
  if (const auto found = running_.find(id); found != running_.end()) return &found->second;
  if (running_.size() >= options_.max_back_offs) {
    ++stats_.crowded_out;
    return nullptr;
  }
  return &running_.emplace(id, Running{BackOff(action, gait), match, {}, {}}).first->second;
}

void Engine::announce(const std::string& id, const Running& one, bool stepped_down, unsigned open,
                      Instant now) {
  const auto& back_off = one.back_off;
  Change change{id, one.match, {}, {}, {}, false, end_of(back_off, kGrace), one.cause, one.by};
  const bool gradual = back_off.gradual();
  if (back_off.action() == Action::slow) change.message_rate = to_rate(back_off.rate());
  if (back_off.action() == Action::connections) change.connections = back_off.connections();
  if (gradual) acts_.push_back({Act::What::set, change});
  if (!stepped_down || back_off.pause_until() <= now) return;
  if (back_off.action() == Action::connections && open > 0) return;  // those it has may go on
  change.id = gradual ? id + ":pause" : id;
  change.message_rate.reset();
  change.connections.reset();
  change.pause = true;
  change.until = back_off.pause_until();
  acts_.push_back({Act::What::set, std::move(change)});
}

void Engine::perform(std::vector<Act> acts, Instant now) {
  for (auto& act : acts) {
    if (act.what == Act::What::set) {
      effects_.set(std::move(act.change), now);
    } else if (act.what == Act::What::clear) {
      effects_.clear(act.change.id, now);
    } else {
      effects_.hold(act.stream, act.change.cause);
    }
  }
}

Verdict Engine::refused(const RuleOptions& rule, const Observation& what, Instant now) {
  Verdict out;
  if (rule.action == Action::ignore) return out;
  std::vector<Act> acts;
  {
    const MutexLock lock(mutex_);
    out = decide(rule, what, now);
    acts = std::exchange(acts_, {});
  }
  perform(std::move(acts), now);
  return out;
}

Verdict Engine::decide(const RuleOptions& rule, const Observation& what, Instant now) {
  Verdict out;
  out.taken = true;
  out.other_source = rule.action == Action::source_out;
  out.cause = cause_of(rule.name, *what.reply);
  ++stats_.refusals;
  const auto match = match_of(what.place, rule.reach);
  auto* const one = running(rule.action, rule.gait, match);
  if (one == nullptr) {
    out.hold_until = now + rule.gait.pause;
    return out;
  }
  const auto pace = counted(key_of_path(what.place), Whose::path, now).pace.pace(now);
  if (one->back_off.refuse(now, pace, what.connections, random_)) {
    ++stats_.steps_down;
    one->by = rule.name;
    one->cause = out.cause;
    announce(id_of(rule.action, match), *one, true, what.connections, now);
  }
  const bool goes_on = rule.action == Action::connections && what.connections > 0;
  if (!goes_on) out.hold_until = one->back_off.pause_until();
  return out;
}

Engine::Counted& Engine::counted(const std::string& key, Whose whose, Instant now) {
  if (auto* known = counted_.change(key, now)) return *known;
  Counted fresh;
  for (const auto& controller : options_.controllers) {
    if (controller.whose == whose) fresh.windows.emplace_back(controller.window);
  }
  counted_.put(key, std::move(fresh), now + kCountedKeep);
  return *counted_.change(key, now);
}

void Engine::add(const Subject& subject, const Tally& tally, Instant now) {
  auto& books = counted(subject.key, subject.whose, now);
  if (subject.whose == Whose::path) books.pace.add(now, tally.tried, tally.taken);
  std::size_t at = 0;
  for (const auto& controller : options_.controllers) {
    if (controller.whose != subject.whose) continue;
    auto& window = books.windows[at++];
    window.add(now, tally.counts);
    const auto judged = judge(controller.share, window.sum(now));
    if (judged.of < controller.minimum || judged.share <= controller.above) continue;
    window.clear();
    act(controller, subject, judged, now);
  }
}

void Engine::act(const ControllerOptions& controller, const Subject& subject, const Judged& judged,
                 Instant now) {
  constexpr std::array<std::string_view, 5> kShares{"deferred", "bounced", "complained of", "unknown replies",
                                                    "blocked"};
  const auto cause = fmt::format("controller {}: {:.1f} % of {} {}", controller.name, judged.share * 100,
                                 judged.of, kShares[static_cast<std::size_t>(controller.share)]);
  ++stats_.judged;
  if (controller.remedy == Remedy::hold) {
    Change why;
    why.cause = cause;
    return acts_.push_back({Act::What::hold, std::move(why), subject.stream});
  }
  if (subject.whose == Whose::path) {
    const auto action = controller.remedy == Remedy::pause ? Action::pause : Action::slow;
    auto* const one = running(action, controller.gait, subject.match);
    if (one == nullptr) return;
    const auto pace = counted(subject.key, subject.whose, now).pace.pace(now);
    if (!one->back_off.refuse(now, {pace.tried, pace.tried}, 0, random_)) return;
    ++stats_.steps_down;
    one->by = controller.name;
    one->cause = cause;
    return announce(id_of(action, subject.match), *one, true, 0, now);
  }
  Change change{"share:" + subject.key, subject.match, {}, {}, {}, false, {}, cause, controller.name};
  change.pause = controller.remedy == Remedy::pause;
  change.until = now + (change.pause ? controller.gait.pause : controller.gait.recover_every);
  if (!change.pause) {
    change.scale = controller.gait.reduce_percent / 100.0;
    change.message_rate = controller.gait.least;  // where nothing limits it
  }
  acts_.push_back({Act::What::set, std::move(change)});
}

void Engine::count(std::span<const Tally> tallies, Instant now) {
  std::vector<Act> acts;
  {
    const MutexLock lock(mutex_);
    for (const auto& tally : tallies) add_all(tally, now);
    acts = std::exchange(acts_, {});
  }
  perform(std::move(acts), now);
}

void Engine::add_all(const Tally& tally, Instant now) {
  const Place place{tally.source, tally.provider, tally.site};
  if (!tally.source.empty()) {
    add({Whose::path, key_of_path(place), match_of(place, Reach::provider)}, tally, now);
  }
  if (!tally.tenant.empty()) {
    throttle::Match tenant;
    tenant[Dimension::tenant] = tally.tenant;
    add({Whose::tenant, "tenant " + tally.tenant, tenant}, tally, now);
  }
  if (tally.stream == 0 || tally.campaign.empty()) return;
  throttle::Match stream;
  stream[Dimension::tenant] = tally.tenant;
  stream[Dimension::stream] = tally.campaign;
  add({Whose::campaign, fmt::format("campaign {} {}", tally.tenant, tally.campaign), stream, tally.stream},
      tally, now);
}

void Engine::feedback(Feedback kind, const Place& place, const Origin& origin, Instant now) {
  Tally tally;
  tally.source = place.source;
  tally.provider = place.provider;
  tally.site = place.site;
  tally.stream = origin.stream;
  tally.campaign = origin.campaign;
  tally.tenant = origin.tenant;
  if (kind == Feedback::complaint) tally.counts.complaints = 1;
  if (kind == Feedback::hard_bounce) tally.counts.bounced = 1;
  if (kind == Feedback::blocked) tally.counts.blocked = tally.counts.answers = 1;
  if (kind == Feedback::unknown) tally.counts.unknown = tally.counts.answers = 1;
  count({&tally, 1}, now);
}

void Engine::tick(Instant now) {
  std::vector<Act> acts;
  {
    const MutexLock lock(mutex_);
    for (auto at = running_.begin(); at != running_.end();) {
      auto& [id, one] = *at;
      if (one.back_off.advance(now)) {
        ++stats_.steps_up;
        if (!one.back_off.over()) announce(id, one, false, 0, now);
      }
      if (!one.back_off.over()) {
        ++at;
        continue;
      }
      Change gone;
      gone.id = id;
      if (one.back_off.gradual()) acts_.push_back({Act::What::clear, std::move(gone)});  // a pause has ended
      at = running_.erase(at);
    }
    acts = std::exchange(acts_, {});
  }
  perform(std::move(acts), now);
}

void Engine::adopt(std::span<const Change> changes, Instant now) {
  std::vector<Act> acts;
  {
    const MutexLock lock(mutex_);
    for (const auto& change : changes) {
      for (const auto action : {Action::slow, Action::connections, Action::pause, Action::source_out}) {
        if (change.id == id_of(action, change.match)) resume(change, action, now);
      }
    }
    acts = std::exchange(acts_, {});
  }
  perform(std::move(acts), now);
}

void Engine::resume(const Change& change, Action action, Instant now) {
  Gait gait;
  for (const auto& rule : rules_->rules()) {
    if (rule.name == change.by) gait = rule.gait;
  }
  for (const auto& controller : options_.controllers) {
    if (controller.name == change.by) gait = controller.gait;
  }
  auto* const one = running(action, gait, change.match);
  if (one == nullptr) return;
  one->by = change.by;
  one->cause = change.cause;
  std::optional<double> rate;
  if (change.message_rate) rate = per_second(*change.message_rate);
  one->back_off.resume(now, rate, change.connections,
                       change.pause ? std::optional(change.until) : std::nullopt);
  if (!change.pause) announce(change.id, *one, false, 0, now);
}

void Engine::cancelled(const std::string& id) {
  const MutexLock lock(mutex_);
  constexpr std::string_view kPause = ":pause";
  running_.erase(id.ends_with(kPause) ? id.substr(0, id.size() - kPause.size()) : id);
}

EngineStats Engine::stats() const {
  const MutexLock lock(mutex_);
  auto out = stats_;
  out.back_offs = running_.size();
  return out;
}

}  // namespace sluice::shaping
