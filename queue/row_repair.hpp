// The rows of a store made to agree with each other again; see repair.hpp, whose second half this is.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "queue/event_history.hpp"
#include "queue/repair.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

class RowRepair {
 public:
  static constexpr std::string_view kTakenOut =
      "records taken out";  ///< the step of those who have had a final

  /// `suspicious`: rows may have been lost, or be there again: the event files are asked.
  RowRepair(store::Database& database, const DataFolders& folders, bool suspicious, Instant now);

  /// All changes are on disk when it returns.
  [[nodiscard]] Expected<> run(RepairReport& report);
  /// Takes only those out whose final stands in the event files behind `after`: for a store that is older
  /// than they are.
  [[nodiscard]] Expected<> settle_told(std::uint64_t after, RepairReport& report);

 private:
  struct Tally {
    std::uint64_t records = 0;
    std::uint64_t retries = 0;
  };

  Expected<> load(RepairReport& report);
  Expected<> order_events(RepairReport& report);
  Expected<> read_records(RepairReport& report);
  Expected<> drop_finished(const EventHistory& history, RepairReport& report);
  Expected<> repair_leases(RepairReport& report);
  Expected<> repair_counters(const EventHistory& history, RepairReport& report);
  Expected<> repair_marks(RepairReport& report);
  void set_record_aside(std::string_view key, std::string_view value, std::uint64_t& count);
  void give_final(StreamId stream, const EventHistory::Recipient* recipient, std::string_view event_class,
                  std::string_view domain);
  std::uint64_t add_lost(StreamId stream, std::uint64_t lost, const EventHistory& history);
  void add_event(std::string_view encoded);
  Expected<> commit_if_large();
  Expected<> commit();

  store::Database& db_;
  const DataFolders& folders_;
  const bool suspicious_;
  const Instant now_;
  store::Batch batch_;
  std::map<StreamId, StreamState> streams_;
  std::map<StreamId, Counters> counters_;
  std::map<StreamId, Tally> tallies_;
  std::vector<RowRef> waiting_;
  std::uint64_t seq_ = 0;
};

}  // namespace sluice::queue
