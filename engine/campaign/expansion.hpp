// Turns a kept list into queue records, run by run: each run and the checkpoint that says how far the list
// was read are one batch, so that after a crash it goes on there, never skipping or repeating a row.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/campaign/acceptance.hpp"
#include "engine/campaign/dedup.hpp"
#include "engine/campaign/row_mapper.hpp"
#include "engine/message/meta_columns.hpp"
#include "engine/suppression/book.hpp"
#include "queue/queue.hpp"

namespace sluice::campaign {

struct ExpansionOptions {
  std::string lists_folder;  ///< where the kept lists are
  std::string work_folder;   ///< for dedup's files
  std::size_t dedup_memory_bytes = 64u << 20;
  std::size_t run_rows = 20'000;     ///< rows of one batch
  std::size_t run_bytes = 6u << 20;  ///< or so many bytes of records, whichever comes first
  ListLimits list;
};

/// How an expansion ended.
enum class ExpansionEnd : std::uint8_t {
  complete,   ///< the whole list is in the queue
  stopped,    ///< told to, or the stream was cancelled: it may go on later
  changed,    ///< the list is not what was accepted: the campaign is to be held
  unreadable  ///< the list cannot be read on; what was read stays and will be sent
};

struct ExpansionResult {
  ExpansionEnd end = ExpansionEnd::complete;
  std::string why;  ///< changed, unreadable
};

/// One thread. Blocks for commits, two runs ahead of the disk.
class Expansion {
 public:
  /// `suppressed` may be null: nobody is.
  Expansion(queue::Queue& queue, const Clock& clock, queue::StreamPtr stream, Acceptance acceptance,
            ExpansionOptions options, suppression::Book* suppressed = nullptr);
  ~Expansion();

  /// From the checkpoint to the list's end. `stop` is looked at between runs.
  [[nodiscard]] ExpansionResult run(const std::atomic<bool>& stop);

 private:
  class Flow;

  [[nodiscard]] Expected<RecipientReader> open_list() const;
  [[nodiscard]] Expected<> read_addresses(const Dedup::Visit& visit) const;
  [[nodiscard]] Expected<> expand(RecipientReader& reader, Progress& progress, const std::atomic<bool>& stop);
  [[nodiscard]] Expected<> add_row(const RowBatch& batch, const ListRow& row, const RecipientReader& reader);
  void begin_run();
  void submit_run(const Progress& progress);
  [[nodiscard]] std::string injected_event() const;
  [[nodiscard]] std::string suppressed_event(const MappedRow& row, std::uint64_t number,
                                             std::string_view reason) const;
  [[nodiscard]] Expected<> learn_audience();
  /// Why the row's recipient gets nothing; "" when it is to be mailed.
  [[nodiscard]] Expected<std::string_view> why_suppressed(const ListRow& row);
  [[nodiscard]] bool wanted() const;

  queue::Queue& queue_;
  const Clock& clock_;
  const queue::StreamPtr stream_;
  const Acceptance acceptance_;
  const ExpansionOptions options_;
  Dedup dedup_;
  RowMapper mapper_;
  MappedRow mapped_;
  std::string payload_;
  std::unique_ptr<queue::Injection> run_;
  suppression::Book* const suppressed_;
  suppression::Audience audience_;
  message::MetaColumns meta_;
  suppression::Book::Ticket ticket_;  ///< of the run being made: its rows were looked up under it
  bool store_failed_ = false;         ///< rows could not be looked up: no fault of the list
  std::int64_t run_ms_ = 0;
  std::uint64_t first_row_ = 0;
  std::uint64_t last_row_ = 0;
  std::uint64_t run_count_ = 0;
  std::unique_ptr<Flow> flow_;
};

}  // namespace sluice::campaign
