// One pool's mail for one site: the lanes in fair order, and the paths they may leave by.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/delivery/lane_state.hpp"
#include "engine/delivery/path.hpp"
#include "queue/site_queue.hpp"

namespace sluice::delivery {

/// A site as a worker holds it: the newest plan for it, shared by its pools.
struct Site {
  std::string key;
  std::string provider;
  dns::PlanPtr plan;
};

class Dispatch {
 public:
  Dispatch(Worker& worker, std::shared_ptr<Site> site, std::string pool,
           const std::vector<std::size_t>& sources);
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
  [[nodiscard]] std::vector<std::unique_ptr<Path>>& paths() { return paths_; }
  [[nodiscard]] const queue::SiteQueue& order() const { return queue_; }
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] std::size_t lanes() const { return queue_.lanes() + waiting_.size(); }
  [[nodiscard]] Worker& worker() { return worker_; }

 private:
  class Gate;

  void take(std::size_t room);
  Path* choose(std::uint16_t sticky, std::vector<std::size_t>& used);
  /// Lanes whose record keeps this path's source.
  [[nodiscard]] std::size_t waiting_for(const Path& path) const;
  void after_gate(Gate& gate, std::vector<queue::Held>& out);

  Worker& worker_;
  std::shared_ptr<Site> site_;  // shared by the site's pools
  const std::string pool_;
  std::vector<std::unique_ptr<Path>> paths_;
  queue::SiteQueue queue_;
  std::vector<LaneState*> waiting_;  ///< their record keeps a source whose path has no room
  std::size_t turn_ = 0;
  bool pumping_ = false;
  bool pump_posted_ = false;
};

}  // namespace sluice::delivery
