#include "engine/delivery/watch.hpp"

#include "engine/delivery/path.hpp"
#include "engine/delivery/worker.hpp"
#include "engine/shaping/canary.hpp"

namespace sluice::delivery {
namespace {

constexpr std::chrono::milliseconds kReport{1000};  ///< what was counted is reported so often

shaping::Result result_of(queue::EventKind kind) {
  if (kind == queue::EventKind::delivered) return shaping::Result::delivered;
  if (kind == queue::EventKind::deferred) return shaping::Result::deferred;
  return kind == queue::EventKind::bounced ? shaping::Result::bounced : shaping::Result::other;
}

std::vector<shaping::Millis> ladder_of(const RetryOptions& retry) {
  return retry.greylist.empty() ? std::vector<shaping::Millis>{std::chrono::minutes(5)} : retry.greylist;
}

}  // namespace

Watch::Watch(Shared& shared, Timers& timers)
    : shared_(shared), timers_(timers), greylist_(ladder_of(shared.options.retry), {}) {
  if (shared.shaping != nullptr) observer_.emplace(*shared.shaping);
}

shaping::Observation Watch::observation(const Path& path, const Outcome& outcome,
                                        const Ending& ending) const {
  shaping::Observation out;
  out.place = {path.source_options().name, path.site_provider(), path.site_key()};
  out.path = path.id;
  out.stage = ending.stage;
  out.reply = ending.reply;
  out.bounce_class = feedback::name_of(outcome.bounce_class);
  out.result = result_of(outcome.kind);
  out.connections = static_cast<unsigned>(path.open_now());
  return out;
}

shaping::Verdict Watch::answered(const Path& path, const queue::Stream& stream, const Outcome& outcome,
                                 const Ending& ending) {
  if (ending.reply == nullptr && !ending.accepted) return {};
  if (auto* const canary = shared_.canary) {
    const auto name = feedback::name_of(outcome.bounce_class);
    const bool hard = outcome.kind == queue::EventKind::bounced && shaping::is_hard(name);
    canary->answered(stream.id, path.site_provider(), hard, name == "other");
  }
  if (!observer_) return {};
  auto what = observation(path, outcome, ending);
  what.origin = {stream.id, {}, stream.settings.tenant};
  if (stream.settings.kind == queue::StreamKind::campaign) what.origin.campaign = stream.settings.name;
  report_soon();
  return observer_->note(what, shared_.clock.now());
}

shaping::Verdict Watch::opening_refused(const Path& path, const Outcome& outcome, const Ending& ending) {
  if (!observer_ || ending.reply == nullptr) return {};
  return observer_->note(observation(path, outcome, ending), shared_.clock.now());
}

void Watch::report_soon() {
  if (std::exchange(report_due_, true)) return;
  timers_.at(shared_.clock.now() + kReport, [this] {
    report_due_ = false;
    observer_->flush(shared_.clock.now());
  });
}

}  // namespace sluice::delivery
