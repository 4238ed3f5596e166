// The receivers and the way to them: a transport without a network. Each site has its habits (scenario.hpp);
// what is begun, taken and refused is told to the model, and what is opened to the limits.
#pragma once

#include <map>
#include <memory>

#include "engine/delivery/transport.hpp"
#include "queue/queue.hpp"
#include "tests/sim/limits.hpp"
#include "tests/sim/model.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/sleepers.hpp"

namespace sluice::sim {

class Receivers final : public delivery::Network {
 public:
  Receivers(World& world, Scenario& scenario, Model& model, Limits& limits, Sleepers& sleepers)
      : world(world), scenario(scenario), model(model), limits(limits), sleepers(sleepers) {}

  [[nodiscard]] std::unique_ptr<delivery::Transport> connection(net::asio::io_context& context,
                                                                net::TlsClientContext& tls,
                                                                smtp::ClientOptions options) override;
  /// The streams of the engine that runs now.
  void set_streams(queue::StreamTable* streams) { streams_ = streams; }
  /// An attempt begins: the model is told with its stream's state.
  void begins(Who who);
  /// No more trouble but what recipients bring: the run is to end.
  void calm() { calm_ = true; }
  [[nodiscard]] bool is_calm() const { return calm_; }
  /// Connections to the site, whatever their source.
  std::size_t& open_at(std::size_t site) { return open_[site]; }

  World& world;
  Scenario& scenario;
  Model& model;
  Limits& limits;
  Sleepers& sleepers;

 private:
  queue::StreamTable* streams_ = nullptr;
  std::map<std::size_t, std::size_t> open_;
  bool calm_ = false;
};

}  // namespace sluice::sim
