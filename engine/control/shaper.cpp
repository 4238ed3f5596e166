#include "engine/control/shaper.hpp"

#include "engine/base/log.hpp"

namespace sluice::control {

Expected<std::unique_ptr<Shaper>> Shaper::make(shaping::Options options, throttle::PolicySet& policies) {
  auto out = std::unique_ptr<Shaper>(new Shaper(policies));
  out->broken_tls_ = std::make_unique<shaping::BrokenTls>(options);
  auto engine = shaping::Engine::make(std::move(options), *out, Random::from_system());
  if (!engine) return std::unexpected(engine.error());
  out->engine_ = std::move(*engine);
  return out;
}

void Shaper::adopt(Instant now) { engine_->adopt(policies_.overrides(now), now); }

std::vector<std::pair<StreamId, std::string>> Shaper::tick(Instant now) {
  engine_->tick(now);
  const std::lock_guard lock(mutex_);
  return std::exchange(to_hold_, {});
}

void Shaper::set(shaping::Change change, Instant now) {
  const auto id = change.id;
  if (auto done = policies_.set_override(std::move(change), now); !done) {
    log::error("shaping_not_applied", {{"id", id}, {"reason", done.error().text}});
  }
}

void Shaper::clear(const std::string& id, Instant now) {
  if (auto done = policies_.clear_override(id, now); !done)
    log::error("shaping_not_ended", {{"id", id}, {"reason", done.error().text}});
}

void Shaper::hold(StreamId campaign, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  to_hold_.emplace_back(campaign, reason);
}

}  // namespace sluice::control
