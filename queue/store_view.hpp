// A queue's store opened to be looked at while no service runs: streams, counters and records as they stand.
// Nothing is written, recovered or swept. One thread.
#pragma once

#include <memory>
#include <string>

#include "engine/store/database.hpp"
#include "queue/ledger.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

class StoreView {
 public:
  /// Fails when no store is there or it cannot be read; conflict: it has another format.
  [[nodiscard]] static Expected<std::unique_ptr<StoreView>> open(const store::Options& options);

  [[nodiscard]] const store::Database& database() const { return *database_; }
  [[nodiscard]] const StreamTable& streams() const { return streams_; }
  [[nodiscard]] Counters counters(StreamId stream) const { return ledger_.counters(stream); }

 private:
  StoreView() : ledger_(nullptr) {}

  std::unique_ptr<store::Database> database_;
  StreamTable streams_;
  Ledger ledger_;
};

/// Every stream of the store into the table. corrupt: one does not decode.
[[nodiscard]] Expected<> load_streams(const store::Database& database, StreamTable& streams);

}  // namespace sluice::queue
