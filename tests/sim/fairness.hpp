// The order of service, held to what queue/site_queue.hpp promises, record by record:
//   two streams of a tenant, equally weighted and backlogged: served counts differ by two quanta at most
//   two tenants of a class, backlogged: the same
//   while commercial mail is backlogged, no ten grants in a row are transactional
//   while transactional mail is backlogged, commercial mail has one grant in ten
//   while a stream has first attempts and retries, they alternate
// "Backlogged" is from before a turn in which it stands in the queue to the end of the last one in a row.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/delivery/probe.hpp"
#include "engine/delivery/shared.hpp"
#include "tests/sim/limits.hpp"

namespace sluice::sim {

class Fairness final : public delivery::Probe {
 public:
  Fairness(World& world, Limits& limits) : world_(world), limits_(limits) {}

  /// A new engine: nobody is backlogged.
  void reset(queue::StreamTable* streams);
  /// A stream was made, or changed its state.
  void streams_changed();
  /// The engine is dead: what it still does is no one's business.
  void stop_looking() { streams_ = nullptr; }
  [[nodiscard]] std::uint64_t compared() const { return compared_; }

  void interrupted(const delivery::Dispatch& dispatch) override { lines_.erase(&dispatch); }
  void before_turn(const delivery::Dispatch& dispatch) override;
  void after_express_turn(const delivery::Dispatch& dispatch, std::span<const queue::Held> granted,
                          std::span<delivery::Path* const> paths) override;
  void given_back(const delivery::Grants& grants, std::uint64_t mark) override {
    limits_.given_back({&grants, mark});
  }
  void after_turn(const delivery::Dispatch& dispatch, std::span<const queue::Held> granted,
                  std::span<delivery::Path* const> paths) override;

 private:
  /// How far the served counts of two have been apart, one way and the other, while both were backlogged.
  struct Race {
    int ahead = 0;
    int most = 0;
    int least = 0;
  };
  struct Waiting {
    const queue::Stream* stream = nullptr;
    bool phase[2] = {false, false};
    [[nodiscard]] bool any() const { return phase[0] || phase[1]; }
  };
  struct Line {
    std::vector<Waiting> before;
    std::map<std::pair<StreamId, StreamId>, Race> streams;
    std::map<std::pair<std::string, std::string>, Race> tenants;  ///< keys: class and tenant
    std::map<StreamId, unsigned> last_phase;                      ///< 2: none yet
    unsigned transactional_in_a_row = 0;
    unsigned since_commercial = 100;
  };

  [[nodiscard]] std::vector<Waiting> look(const delivery::Dispatch& dispatch) const;
  void keep_both(std::vector<Waiting>& before, const std::vector<Waiting>& after) const;
  void race_streams(Line& line, const std::vector<Waiting>& both, std::span<const queue::Held> granted);
  void race_tenants(Line& line, const std::vector<Waiting>& both, std::span<const queue::Held> granted);
  void share_classes(Line& line, const std::vector<Waiting>& both, std::span<const queue::Held> granted);
  void alternate(Line& line, const std::vector<Waiting>& both, std::span<const queue::Held> granted);
  void step(Race& race, int by, int bound, const std::string& who);

  World& world_;
  Limits& limits_;
  queue::StreamTable* streams_ = nullptr;
  std::vector<queue::StreamPtr> all_;
  std::map<const delivery::Dispatch*, Line> lines_;  // looked up, never walked
  std::uint64_t compared_ = 0;
};

}  // namespace sluice::sim
