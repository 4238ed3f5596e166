// What the event files and the outbox say became of recipients: for a store that has lost some of what it
// knew.
//
// A final event that was exported is the truth even where the store no longer knows it: its recipient must
// not be sent to again. One thread; memory: 16 bytes a waiting record, and at most kMaxNamed open recipients.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/id.hpp"
#include "engine/store/database.hpp"
#include "queue/counters.hpp"

namespace sluice::queue {

struct RowRef {
  StreamId stream = 0;
  Row row = 0;
  friend auto operator<=>(const RowRef&, const RowRef&) = default;
};

class EventHistory {
 public:
  static constexpr std::size_t kMaxNamed = 1u << 20;  ///< further ones are only counted by the caller

  struct Recipient {
    MessageId id;
    std::string address;
  };

  /// `waiting`: the rows that stand in the queue.
  explicit EventHistory(std::vector<RowRef> waiting);

  /// Events behind `after` in the files of the folder, then those of the outbox. Lines that are none are
  /// passed over.
  [[nodiscard]] Expected<> read(const std::string& folder, std::uint64_t after,
                                const store::Database& database);

  /// Rows that wait though their recipient has had a final, and which; sorted by row.
  [[nodiscard]] std::vector<std::pair<RowRef, EventKind>> finished() const;
  /// Recipients who do not wait, and have no final.
  [[nodiscard]] const std::map<RowRef, Recipient>& open() const { return open_; }
  /// Finals, deferrals, doubts and injected rows that were read. Never more than there were.
  [[nodiscard]] Counters counted(StreamId stream) const;

 private:
  struct Told;

  void line(std::string_view text, std::uint64_t after);
  void add(const Told& told);
  [[nodiscard]] std::size_t find(const RowRef& row) const;

  std::vector<RowRef> waiting_;
  std::vector<EventKind> finals_;  ///< by place in waiting_; `injected`: none yet
  std::map<RowRef, Recipient> open_;
  std::map<StreamId, Counters> counted_;
  std::uint64_t last_ = 0;  ///< seq of the last event read
};

}  // namespace sluice::queue
