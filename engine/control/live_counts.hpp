// What happened since the start, by campaign and provider: for progress bars and summaries. Fed by the event
// log's observer; exact for this run of the service, not across restarts (the store's counters are).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "queue/event.hpp"

namespace sluice::control {

struct ProviderCounts {
  std::string provider;  ///< "other" where no provider is known
  std::uint64_t delivered = 0;
  std::uint64_t bounced = 0;
  std::uint64_t expired = 0;
  std::uint64_t deferred = 0;  ///< attempts put off
  double per_second = 0;       ///< deliveries, over about the last five seconds
};

/// Any thread.
class LiveCounts {
 public:
  explicit LiveCounts(const Clock& clock) : clock_(clock) {}

  void add(const queue::Event& event);
  [[nodiscard]] std::vector<ProviderCounts> of(StreamId stream) const;
  [[nodiscard]] std::vector<ProviderCounts> total() const;
  /// Deliveries a second of one stream, all providers.
  [[nodiscard]] double rate_of(StreamId stream) const;

 private:
  static constexpr std::size_t kWindowSeconds = 5;
  static constexpr std::size_t kMaxProviders = 256;  ///< further ones count as "other"

  struct Cell {
    ProviderCounts counts;
    std::uint64_t seconds[kWindowSeconds + 1] = {};  ///< deliveries by second, a ring
    std::int64_t newest = 0;
  };
  using Cells = std::map<std::string, Cell, std::less<>>;

  void count(Cells& cells, const queue::Event& event, std::int64_t second);
  [[nodiscard]] static double rate(const Cell& cell, std::int64_t second);
  [[nodiscard]] std::int64_t second_now() const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<StreamId, Cells> streams_;
  Cells all_;
};

}  // namespace sluice::control
