// Who got the message of a stream's row: finds the recipient of a bounce that comes after delivery.
//
// Made from the feed, not by the settling commit: entries gather here, as long as their events stand in the
// outbox, and go into the store by the thousand in key order, in the batch that trims the outbox. One entry
// put with its settlement, at a random place of the memtable, cost 5 of 15 us a record with many lanes; so
// gathered it is about 0.5. A crash loses nothing: opening the event log gathers again what the outbox holds.
//
// Threads: add() and take() by the exporter; the others from any.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/database.hpp"
#include "queue/event.hpp"

namespace sluice::queue {

/// What came back about a delivery and was told: bits of SentEntry::told.
inline constexpr std::uint8_t kToldReturned = 1;
inline constexpr std::uint8_t kToldComplaint = 2;

struct SentEntry {
  std::int64_t time_ms = 0;  ///< when it was delivered
  std::string source;        ///< by which source; empty for an assumed delivery
  std::string address;
  std::uint8_t told = 0;

  friend bool operator==(const SentEntry&, const SentEntry&) = default;
};

/// An entry to be written again, with what was told.
struct SentRow {
  StreamId stream = 0;
  Row row = 0;
  SentEntry entry;

  void put(store::Batch& batch) const;
};

/// Rows of which something was told while the entry of their delivery was on its way into the store: that
/// entry is out of date. Committer's thread.
class ToldRows {
 public:
  /// Writes the row, and remembers it when no entry of it is on disk.
  void put(store::Batch& batch, const store::Database& database, const SentRow& row);
  /// The entry of that key that is on its way must not be written. Says so once.
  [[nodiscard]] bool take(std::string_view key) {
    return !keys_.empty() && keys_.erase(std::string(key)) > 0;
  }

 private:
  boost::unordered_flat_set<std::string> keys_;
};

class SentIndex {
 public:
  /// Keys and values as they go into the store (FORMAT.md), in key order.
  struct Entries {
    struct Place {
      std::uint32_t at;
      std::uint32_t value_bytes;
    };
    std::string arena;
    std::vector<Place> places;
    [[nodiscard]] std::string_view key(const Place& place) const;
    [[nodiscard]] std::string_view value(const Place& place) const;
    /// In key order only.
    [[nodiscard]] std::optional<std::string> find(std::string_view key) const;
  };

  explicit SentIndex(const store::Database& database) : database_(database) {}

  /// Remembers a delivery; other events are passed over.
  void add(const Event& event);
  [[nodiscard]] std::size_t size() const;
  /// What was gathered, in key order. It stays findable here until stored().
  [[nodiscard]] std::shared_ptr<const Entries> take();
  /// What take() gave is in the store. Any thread.
  void stored(const std::shared_ptr<const Entries>& entries);
  /// The entry of the row can be read in the store.
  [[nodiscard]] bool on_disk(StreamId stream, Row row) const;
  /// Nothing when the row was not delivered, or longer ago than the index is kept.
  [[nodiscard]] Expected<std::optional<SentEntry>> find(StreamId stream, Row row) const;

 private:
  [[nodiscard]] std::optional<std::string> find_gathered(std::string_view key) const;

  const store::Database& database_;
  mutable std::mutex mutex_;
  Entries gathered_;  ///< in order of arrival
  /// Place of a gathered entry by the hash of its key; filled by those who look for one, up to the newest.
  mutable boost::unordered_flat_map<std::size_t, std::uint32_t> by_key_;
  mutable std::size_t indexed_ = 0;
  std::vector<std::shared_ptr<const Entries>> leaving_;  ///< taken, on their way into the store
};

}  // namespace sluice::queue
