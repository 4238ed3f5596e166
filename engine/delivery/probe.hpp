// Eyes on what a dispatch grants, for the simulation, which holds fairness and limits to it record by record.
// The service has none.
#pragma once

#include <span>

#include "queue/lease.hpp"

namespace sluice::delivery {

class Dispatch;
class Grants;
class Path;

/// Called on the worker's thread, inside the dispatch: it may look, and change nothing.
class Probe {
 public:
  virtual ~Probe() = default;
  virtual void before_turn(const Dispatch& dispatch) = 0;
  /// A lane left the order between two turns, or a record was taken without a grant: to blame it for a path.
  virtual void interrupted(const Dispatch& dispatch) = 0;
  /// A turn of transactional mail alone, on the connection that is kept for it; as after_turn().
  virtual void after_express_turn(const Dispatch& dispatch, std::span<const queue::Held> granted,
                                  std::span<Path* const> paths) = 0;
  /// `granted` in the order of service, each with its path; both may be empty. A record's mark (Held::grant)
  /// is one of the worker's grants, or 0: what it took is spent.
  virtual void after_turn(const Dispatch& dispatch, std::span<const queue::Held> granted,
                          std::span<Path* const> paths) = 0;
  /// What that record took is given back: it was not sent, and will ask again.
  virtual void given_back(const Grants& grants, std::uint64_t mark) = 0;
};

}  // namespace sluice::delivery
