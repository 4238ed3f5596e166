// A site as a worker holds it: the newest plan for it, and the places its receivers have for our connections.
// Shared by the dispatches (pools) that send there.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "engine/delivery/meter.hpp"
#include "engine/delivery/tolerance.hpp"
#include "engine/dns/mx_plan.hpp"

namespace sluice::delivery {

class Path;

/// Who may open a connection where the receiver takes only so many: a record that keeps its source must get
/// one, however busy the other sources are. A path without a connection that is the only one for some mail
/// claims a place; the path with most connections gives one up between two messages; the claimant opens its
/// own before anybody else may. Claims are served in order, one at a time.
///
/// One owner thread; paths leave before they are destroyed.
class Places {
 public:
  void join(Path& path) { paths_.push_back(&path); }
  void leave(Path& path);

  /// Open and being opened, of all paths.
  [[nodiscard]] std::size_t taken() const;
  /// The receiver is not known to refuse one more, and nobody else has a claim on it.
  [[nodiscard]] bool may_open(const Path& path, Instant now) const;
  /// The path wants its first connection; no effect when it has a claim.
  void claim(Path& path);
  [[nodiscard]] bool claimed(const Path& path) const;
  [[nodiscard]] bool has_turn(const Path& path) const { return turn_ == &path; }
  /// The path whose turn it is has its connection, or does not get or want one.
  void end_turn(const Path& path);
  /// A connection of the path has ended.
  void ended(const Path& path);
  [[nodiscard]] Tolerance& tolerance() { return tolerance_; }

 private:
  void ask_for_one();
  void serve();

  std::vector<Path*> paths_;
  std::deque<Path*> claims_;
  Path* yielding_ = nullptr;  ///< was asked to give one up
  Path* turn_ = nullptr;
  Tolerance tolerance_;  ///< of all sources together: learnt by those that got no connection at all
};

struct Site {
  Site(std::string site_key, std::string site_provider, dns::PlanPtr site_plan)
      : key(std::move(site_key)), provider(std::move(site_provider)), plan(std::move(site_plan)) {}

  const std::string key;
  const std::string provider;
  dns::PlanPtr plan;
  Places places;
  SiteMeter* meter = nullptr;  ///< null: nothing is counted
};

}  // namespace sluice::delivery
