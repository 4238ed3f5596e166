// The outbox: events from the commit that made them until they stand in an event file. A row holds those of
// one commit, up to about kFullRow bytes, because a row costs the store more than an event (FORMAT.md).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/database.hpp"

namespace sluice::queue {

/// Keyed by the number of its last event, so that the row of an event is the first at or behind its number,
/// and erasing up to a number leaves whole every row that reaches beyond it.
struct OutboxRow {
  std::uint64_t last = 0;
  std::vector<std::string_view> events;  ///< encoded; never empty; views into what was decoded

  [[nodiscard]] std::uint64_t first() const { return last + 1 - events.size(); }

  [[nodiscard]] static std::string key(std::uint64_t last);
  /// The value of a row that holds this one event.
  [[nodiscard]] static std::string value(std::string_view event);
  /// Nothing for bytes that are no row. Events are not looked into.
  [[nodiscard]] static std::optional<OutboxRow> decode(std::string_view key, std::string_view value);
};

/// Makes rows of the events of one batch. Committer's thread.
class OutboxWriter {
 public:
  static constexpr std::size_t kFullRow = 64u << 10;  ///< bytes at which a row is closed

  /// Numbers go up by one.
  void add(store::Batch& batch, std::uint64_t seq, std::string_view event);
  /// Before the batch is written.
  void flush(store::Batch& batch);

 private:
  std::uint64_t last_ = 0;
  std::string row_;
};

/// Event after event, as the outbox stood when this was made. A row that does not decode counts as one event
/// without bytes, with the row's number.
class OutboxReader {
 public:
  /// Numbers in [first, last].
  OutboxReader(const store::Database& database, std::uint64_t first, std::uint64_t last = UINT64_MAX);

  [[nodiscard]] bool valid() const { return at_ < row_.events.size() && seq() <= last_; }
  void next();
  /// Precondition of these: valid().
  [[nodiscard]] std::uint64_t seq() const { return row_.first() + at_; }
  [[nodiscard]] std::string_view event() const { return row_.events[at_]; }  ///< until next()
  /// The last of its row.
  [[nodiscard]] bool ends_row() const { return at_ + 1 == row_.events.size(); }
  [[nodiscard]] Expected<> status() const { return cursor_->status(); }

 private:
  void read_row();

  std::unique_ptr<store::Cursor> cursor_;
  std::uint64_t last_;
  OutboxRow row_;
  std::size_t at_ = 0;
};

}  // namespace sluice::queue
