// A worker's eye on how its receivers answer: tells shaping, and keeps what only this worker needs to know.
#pragma once

#include <optional>
#include <string_view>

#include "engine/delivery/outcome.hpp"
#include "engine/delivery/shared.hpp"
#include "engine/delivery/timers.hpp"
#include "engine/shaping/greylist.hpp"
#include "engine/shaping/observer.hpp"

namespace sluice::delivery {

class Path;

/// One owner thread. Without a shaping engine (the simulation) every verdict is empty.
class Watch {
 public:
  /// All outlive it.
  Watch(Shared& shared, Timers& timers);

  /// An attempt of the stream's on the path ended so.
  [[nodiscard]] shaping::Verdict answered(const Path& path, const queue::Stream& stream,
                                          const Outcome& outcome, const Ending& ending);
  /// The path was to get one connection more, and a reply refused it.
  [[nodiscard]] shaping::Verdict opening_refused(const Path& path, const Outcome& outcome,
                                                 const Ending& ending);
  /// What shaping counts on is decided here, not by the path.
  [[nodiscard]] bool decides() const { return observer_.has_value(); }

  [[nodiscard]] shaping::Greylist& greylist() { return greylist_; }

 private:
  [[nodiscard]] shaping::Observation observation(const Path& path, const Outcome& outcome,
                                                 const Ending& ending) const;
  void report_soon();

  Shared& shared_;
  Timers& timers_;
  std::optional<shaping::Observer> observer_;
  shaping::Greylist greylist_;
  bool report_due_ = false;
};

}  // namespace sluice::delivery
