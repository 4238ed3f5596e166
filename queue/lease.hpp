// A lease: the right to attempt one record, durable before the attempt begins.
//
// A run of leases is written as one block that lists the record keys. A record is sent only after its block
// is synced, and the block goes when all its records are settled. So after a crash the unsettled records
// listed in blocks, and no others, are in doubt: some may have been sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "queue/event.hpp"
#include "queue/record.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

/// The feeder's lane a record was read for, and the run it came with. The generation tells a reused slot from
/// the one meant.
struct LaneRef {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint32_t run = 0;
  friend bool operator==(const LaneRef&, const LaneRef&) = default;
};

/// One record in a worker's hands. Before lease() `block` is 0. Must end in exactly one Settlement (or,
/// unleased, in Feeder::give_back).
struct Held {
  StreamPtr stream;
  std::shared_ptr<const Page> page;  // shared: the page's other records live in other windows and connections
  std::uint32_t index = 0;
  LaneRef lane;
  std::uint64_t block = 0;
  std::uint64_t grant = 0;  ///< the worker's own: what it holds for the record; the queue hands it through

  [[nodiscard]] const Record& record() const { return page->records()[index]; }
};

/// Told to the feeder when a record's settlement is durable, or when a worker held it no longer true.
struct SettledRef {
  LaneRef lane;
  StreamId stream = 0;
  DueSecond due = 0;
  Row row = 0;
  bool again = false;  ///< it stands under the same key, changed: to be read again
};

/// What became of one held record. `event` is encoded (Event::append_to) and of kind `kind`.
struct Settlement {
  Held held;
  EventKind kind = EventKind::delivered;  ///< a final, `deferred` or `in_doubt`
  std::string event;
  std::string doubt;  ///< assumed delivered: the `in_doubt` event that goes before `event`; else empty
  Trail trail;        ///< deferred, in_doubt: what the record carries on
  DueSecond due = 0;  ///< deferred, in_doubt: when it is due again
  std::int64_t time_ms = 0;
  /// delivered, deferred: ask the rule whether something is owed for it (debt.hpp); other finals always ask.
  bool owing = false;
};

}  // namespace sluice::queue
