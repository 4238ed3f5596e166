// The service's side of throttles: kept across a restart, overrides told as events.
#include "engine/base/log.hpp"
#include "engine/control/service.hpp"
#include "queue/event.hpp"

namespace sluice::control {
namespace {

constexpr std::chrono::seconds kSave{1};  ///< what no lease has written meanwhile

const char* name_of(throttle::OverrideChange::What what) {
  switch (what) {
    case throttle::OverrideChange::What::set:
      return "set";
    case throttle::OverrideChange::What::cleared:
      return "cleared";
    case throttle::OverrideChange::What::expired:
      return "expired";
  }
  return "set";
}

}  // namespace

Expected<> Service::make_policies() {
  auto policies = throttle::PolicySet::create(options_.policies);
  if (!policies) return std::unexpected(policies.error());
  policies_ = std::move(*policies);
  policies_->set_listener([this](const throttle::OverrideChange& change) { on_override(change); });
  throttle_rows_ = std::make_unique<queue::ThrottleRows>(*queue_, *policies_, clock_);
  return throttle_rows_->load();
}

void Service::tick_throttles(Instant now) {
  policies_->expire_overrides(now);
  if (now < throttles_saved_ + kSave) return;
  throttles_saved_ = now;
  throttle_rows_->flush();
}

/// Any thread.
void Service::on_override(const throttle::OverrideChange& change) {
  const auto& override = change.override;
  const bool set = change.what == throttle::OverrideChange::What::set;
  if (set) {
    throttle_rows_->put(override);
  } else {
    throttle_rows_->erase(override.id);
  }
  const auto effect = throttle::effect_of(override);
  const auto match = throttle::to_string(override.match);
  log::info("override", {{"what", name_of(change.what)},
                         {"id", override.id},
                         {"match", match},
                         {"effect", effect},
                         {"until", to_rfc3339(override.until)},
                         {"by", override.by},
                         {"cause", override.cause}});
  queue::Event event;
  event.kind = override.pause ? queue::EventKind::suspended : queue::EventKind::backoff;
  event.time_ms = to_ms(change.at);
  using throttle::Dimension;
  event.source = override.match[Dimension::source];
  event.provider = override.match[Dimension::provider];
  event.site = override.match[Dimension::site];
  event.domain = override.match[Dimension::domain];
  event.event_class = name_of(change.what);
  const auto detail = override.id + ": " + effect + (match.empty() ? "" : " for " + match) + ", by " +
                      override.by + ": " + override.cause;
  event.detail = detail;
  if (set) event.due_ms = to_ms(override.until);
  std::string encoded;
  event.append_to(encoded);
  queue_->record_event(std::move(encoded));
  limits_changed();
}

void Service::limits_changed() {
  if (!started_once_) return;
  delivery_->wake();
  queue_->feeder().orders_changed();
}

}  // namespace sluice::control
