// Shaping as the running service has it: its decisions become overrides of the policies and held campaigns.
//
// Threads: effects on any worker; tick() and reload() on control's.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/shaping/broken_tls.hpp"
#include "engine/shaping/canary.hpp"
#include "engine/shaping/engine.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::control {

class Shaper final : private shaping::Effects {
 public:
  /// `policies` outlives it.
  [[nodiscard]] static Expected<std::unique_ptr<Shaper>> make(shaping::Options options,
                                                              throttle::PolicySet& policies);

  [[nodiscard]] shaping::Engine& engine() { return *engine_; }
  [[nodiscard]] shaping::BrokenTls& broken_tls() { return *broken_tls_; }
  [[nodiscard]] shaping::Canary& canary() { return canary_; }
  /// Overrides that were restored go on as back-offs. Before traffic.
  void adopt(Instant now);
  /// Steps up what is due. Campaigns to hold since the last call, with the reason.
  [[nodiscard]] std::vector<std::pair<StreamId, std::string>> tick(Instant now);
  /// An override went away before its end; by an operator's hand, unless we did it.
  void on_cleared(const std::string& id) { engine_->cancelled(id); }

 private:
  explicit Shaper(throttle::PolicySet& policies) : policies_(policies) {}

  void set(shaping::Change change, Instant now) override;
  void clear(const std::string& id, Instant now) override;
  void hold(StreamId campaign, const std::string& reason) override;

  throttle::PolicySet& policies_;
  std::unique_ptr<shaping::Engine> engine_;
  std::unique_ptr<shaping::BrokenTls> broken_tls_;
  shaping::Canary canary_;
  std::mutex mutex_;
  std::vector<std::pair<StreamId, std::string>> to_hold_;  ///< under mutex_; one a decision of a controller
};

}  // namespace sluice::control
