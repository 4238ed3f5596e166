// What /metrics says of what holds mail back: policies, suspensions, warm-ups.
#include "engine/control/meters.hpp"
#include "engine/control/service.hpp"
#include "metrics/catalog.hpp"

namespace sluice::control {
namespace {

double number(std::uint64_t n) { return static_cast<double>(n); }

}  // namespace

void Meters::sample_limits(metrics::Samples& out) const {
  for (const auto& [policy, waiting] : service_.policies().waiting()) {
    // The shipped ones alone would fill the label's bound, and most never hold anything back.
    if (waiting == 0 && policy.starts_with("provider ")) continue;
    out.put(metrics::kThrottleLimited, {policy}, number(waiting));
  }
}

void Meters::sample_sources(metrics::Samples& out) const {
  auto& delivery = service_.delivery();
  for (const auto& one : delivery.sources().suspensions())
    out.put(metrics::kSourceSuspended, {one.source, one.by}, 1);
  const auto now = service_.clock().now();
  for (const auto& override : service_.policies().overrides(now)) {
    if (override.by == "operator" || override.id.ends_with(":pause")) continue;  // that is half of another
    const auto& source = override.match[throttle::Dimension::source];
    out.put(metrics::kBackoffActive, {override.match[throttle::Dimension::provider], source, override.by}, 1);
    if (override.id.starts_with("out:")) out.put(metrics::kSourceSuspended, {source, override.by}, 1);
  }
  for (const auto& view : delivery.warmups().all(now)) {
    const bool warm = view.quota == throttle::kUnlimited;
    const std::string_view provider = view.provider.empty() ? metrics::kOther : view.provider;
    const bool held = !warm && view.state.held != throttle::WarmupHold::none;
    out.put(metrics::kWarmupHeld, {view.source, provider}, held ? 1 : 0);
    if (warm) continue;
    out.put(metrics::kWarmupQuota, {view.source, provider}, number(view.quota));
    out.put(metrics::kWarmupUsed, {view.source, provider}, number(view.state.used));
  }
}

}  // namespace sluice::control
