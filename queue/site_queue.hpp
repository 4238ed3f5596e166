// Which record a path sends next: fair by class, tenant, stream and lane, over the lanes of one site.
//
// Transactional mail goes first, but commercial mail keeps every tenth grant. Tenants of a class, and streams
// of a tenant, share by deficit round robin and by their weights: two equally weighted backlogged streams
// differ by at most two quanta (8 records) in what they were served, where their tenants' weight is 1. A
// stream serves first attempts and retries alternately, and a lane for up to kLaneBurst records, so that a
// small domain's recipients leave together, on one connection.
//
// Pure: no clock, no threads; a lane that may not send now is refused by the gate and leaves the queue until
// its owner adds it again. Source: Shreedhar and Varghese, "Efficient fair queueing using deficit round
// robin", 1995.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "queue/worker_lane.hpp"

namespace sluice::queue {

/// Records a stream of weight 5, and a tenant of weight 1, is served in a turn.
inline constexpr unsigned kQuantum = 4;
inline constexpr unsigned kLaneBurst = 16;        ///< records of a lane in a row
inline constexpr unsigned kCommercialShare = 10;  ///< one grant of so many is commercial's, whatever waits

/// Asked once per record, in the order of service.
class LaneGate {
 public:
  virtual ~LaneGate() = default;
  enum class Answer : std::uint8_t {
    take,  ///< the record may go: permits for it were taken
    park,  ///< not now: the lane leaves the queue; whoever refused adds it again
    skip,  ///< the record was taken out of the lane by the gate (expired, stream ended)
    stop,  ///< the path itself has no more permits: the turn ends, nothing moved
  };
  virtual Answer ask(WorkerLane& lane) = 0;
};

class SiteQueue {
 public:
  SiteQueue();
  ~SiteQueue();
  SiteQueue(SiteQueue&&) noexcept;
  SiteQueue& operator=(SiteQueue&&) noexcept;

  /// The lane has records and may be asked. No effect when it is queued already.
  void add(WorkerLane& lane);
  /// Takes the lane out, wherever it stands. No effect when it is not queued.
  void remove(WorkerLane& lane);
  /// Appends up to `limit` records in fair order; each was granted by the gate. Lanes that run empty leave.
  void take(std::size_t limit, LaneGate& gate, std::vector<Held>& out);
  /// The same of transactional mail alone, for what is kept free for it; commercial mail's share is not
  /// counted.
  void take_transactional(std::size_t limit, LaneGate& gate, std::vector<Held>& out);
  [[nodiscard]] bool has_transactional() const;
  [[nodiscard]] bool empty() const { return lanes_ == 0; }
  /// Some lane of the stream's phase stands in the queue.
  [[nodiscard]] bool waits(const Stream& stream, Phase phase) const;
  /// Queued lanes (with records, not parked).
  [[nodiscard]] std::size_t lanes() const { return lanes_; }

 private:
  struct StreamShare;
  struct TenantShare;
  struct ClassShare;

  enum class Served : std::uint8_t { one, none, stop };
  Served serve(ClassShare& share, LaneGate& gate, std::vector<Held>& out);
  Served serve(StreamShare& share, LaneGate& gate, std::vector<Held>& out);

  std::unique_ptr<ClassShare> classes_[2];
  std::size_t lanes_ = 0;
  unsigned since_commercial_ = 0;
};

}  // namespace sluice::queue
