// One pool's mail for one site: the lanes in fair order, and the paths they may leave by.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/delivery/lane_state.hpp"
#include "engine/delivery/named_domains.hpp"
#include "engine/delivery/path.hpp"
#include "engine/delivery/site.hpp"
#include "queue/site_queue.hpp"

namespace sluice::delivery {

class Dispatch {
 public:
  Dispatch(Worker& worker, std::shared_ptr<Site> site, std::string pool,
           const std::vector<PoolSource>& sources);
  ~Dispatch();

  /// The lane has records (again) and may be asked.
  void add(LaneState& lane);
  /// Takes the lane out of the order, wherever it stands.
  void remove(LaneState& lane);
  /// Grants, leases and opens connections as far as permits go. Cheap when there is nothing to do.
  void pump();
  void pump_later();
  /// A path could not be used at all, and no other is: one record carries the failure, so that it is seen,
  /// and the rest waits untouched.
  void blame_one(const Path& path, const Outcome& outcome, const Ending& ending);
  /// When no path may be used before a while: lanes give their memory back.
  void give_back_if_far(Instant now);

  [[nodiscard]] Site& site() { return *site_; }
  [[nodiscard]] const Site& site() const { return *site_; }
  [[nodiscard]] const std::string& pool() const { return pool_; }
  [[nodiscard]] const Grants& grants() const;
  [[nodiscard]] std::vector<std::unique_ptr<Path>>& paths() { return paths_; }
  [[nodiscard]] const queue::SiteQueue& order() const { return queue_; }
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] std::size_t lanes() const { return queue_.lanes() + sticky_lanes_; }
  /// Every lane that leaves by this dispatch, whatever it waits for.
  [[nodiscard]] LaneRoll& roll() { return roll_; }
  [[nodiscard]] Worker& worker() { return worker_; }
  /// A lane of the domain came: limits that name it hold for the connections here.
  void came(std::string_view domain);
  /// The limits of one of its paths.
  [[nodiscard]] std::shared_ptr<const throttle::Limits> resolve(const throttle::Subject& path, Instant now);

 private:
  class Gate;

  void take(std::size_t room);
  /// Transactional mail alone, for connections that are kept for it.
  void take_express();
  /// The path a record goes by: its own if it keeps its source, else one that may send, by weight.
  Path* choose(std::uint16_t sticky, const std::vector<std::size_t>& used, bool express);
  /// The lane's next record keeps the path's source, which has no room now.
  void wait_for(Path& path, LaneState& lane);
  void stop_waiting(LaneState& lane);
  /// Lanes that wait for a path with room are asked again: no more than it has room for.
  void ask_again(Path& path);
  /// The path of a record that keeps its source; null when it may use any.
  [[nodiscard]] Path* path_of(std::uint16_t sticky) const;
  void after_gate(Gate& gate, std::vector<queue::Held>& out);

  Worker& worker_;
  std::shared_ptr<Site> site_;  // shared by the site's pools
  const std::string pool_;
  std::vector<std::unique_ptr<Path>> paths_;
  queue::SiteQueue queue_;
  LaneRoll roll_{&LaneState::of_dispatch};
  NamedDomains named_;
  std::size_t sticky_lanes_ = 0;  ///< in the paths' `sticky`: their record keeps a source that has no room
  bool pumping_ = false;
  bool pump_posted_ = false;
};

}  // namespace sluice::delivery
