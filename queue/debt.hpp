// What is still owed to somebody for an end that was written: the record and the event that ended it, kept
// until it is paid.
//
// Guarantee: a debt is written in the batch of its end and erased in the batch of the message that pays it
// (Injection::pay), so that each is paid exactly once, across kill -9. The claim on a stored body passes from
// the record to the debt and ends with it. What is owed, and for what, is the rule's (Options::owes); the
// queue knows no reports. Key: seq(8) of the event, so that debts are read in the order they were made.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/database.hpp"
#include "queue/event.hpp"
#include "queue/record.hpp"

namespace sluice::queue {

/// Is something owed when a record of a flow with this payload ends so? Delivered and deferred are asked
/// about only where the settlement says so. On the committer's thread: must not block.
using DebtRule = std::function<bool(std::string_view payload, EventKind kind)>;

struct Debt {
  std::uint64_t seq = 0;
  std::string event;  ///< encoded
  std::string key;    ///< of the record
  std::string value;  ///< of the record

  /// The row's value: string event, string record key, record value to the end.
  [[nodiscard]] std::string encode() const;
  /// Nothing for bytes that are no debt. event, key and value decode.
  [[nodiscard]] static std::optional<Debt> decode(std::uint64_t seq, std::string_view bytes);
};

/// Marks a record whose delay was told: 'd' stream(4) row(5).
[[nodiscard]] std::string delay_told_key(StreamId stream, Row row);

/// Debts behind `after`, at most `limit`, in order. Rows that do not decode are skipped, and named in
/// `damaged`.
[[nodiscard]] Expected<std::vector<Debt>> read_debts(const store::Database& database, std::uint64_t after,
                                                     std::size_t limit, std::vector<std::uint64_t>& damaged);

}  // namespace sluice::queue
