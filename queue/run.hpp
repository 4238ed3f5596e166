// What the feeder hands to a worker: a few consecutive records of one lane.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "queue/lease.hpp"

namespace sluice::queue {

/// Records [first, first + count) of the page, all of one stream, phase and domain.
struct Run {
  StreamPtr stream;
  Phase phase = Phase::first;
  LaneRef lane;
  std::shared_ptr<const Page> page;  // shared with the leases cut from it
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  /// A view into the page.
  [[nodiscard]] std::string_view domain() const { return page->records()[first].key.domain; }
  [[nodiscard]] Held held(std::uint32_t i) const { return {stream, page, first + i, lane, 0, 0}; }
};

/// A worker's side of the feed. Called on the feeder's thread; must not block: it posts to its own thread.
class RunReceiver {
 public:
  virtual ~RunReceiver() = default;
  virtual void on_runs(std::vector<Run> runs) = 0;
  /// The stream was paused, resumed or cancelled: look at it again.
  virtual void on_stream_changed(StreamPtr stream) = 0;
};

}  // namespace sluice::queue
