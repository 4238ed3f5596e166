// The feed: synced files of one JSON event a line, `seq` contiguous, made from the outbox.
//
// Order: append, sync, remember how far, then trim the outbox, in one batch with the deliveries it held,
// which go into the `sent` index. A crash between any two repeats work but no line: on open a torn last line
// is cut and the last whole line's seq says where to go on. Files are named by their first seq:
// events-00000000000000000001.jsonl; a new one begins after Options::file_bytes.
//
// One thread (the exporter's); exported() from any. Guarantee: no line twice, none missing, while the outbox
// and files are of one store.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "engine/base/error.hpp"
#include "queue/queue.hpp"
#include "queue/sent_index.hpp"

namespace sluice::queue {

struct EventLogOptions {
  static constexpr std::size_t kMaxLineBytes = 1u << 20;  ///< no line is longer

  std::string folder;
  std::uint64_t file_bytes = 256u << 20;
  std::size_t page_events = 20'000;    ///< read and synced together
  std::uint64_t trim_every = 100'000;  ///< events between two trims of the outbox; fewer make `sent` dearer
  std::uint64_t keep_bytes = 50ull << 30;  ///< oldest files beyond this are deleted
  std::chrono::hours keep_for{14 * 24};    ///< files not written for longer are deleted
};

class EventLog {
 public:
  /// Makes the folder, cuts a torn last line. Fails when the files end before the outbox begins (a gap).
  [[nodiscard]] static Expected<EventLog> open(Queue& queue, EventLogOptions options);
  ~EventLog();
  EventLog(EventLog&& other) noexcept;
  EventLog& operator=(EventLog&&) = delete;

  /// Exports what is committed, up to one page; returns how many events. On failure nothing is trimmed and
  /// the next call tries again.
  [[nodiscard]] Expected<std::size_t> export_page();
  /// Called for every event after the page it stands in was synced, in order, on the exporter's thread.
  void set_observer(std::function<void(std::uint64_t seq, const Event&)> observer) {
    observer_ = std::move(observer);
  }
  /// Events beyond what `consumed` answers stay in the outbox, for a reader of it. Called on the exporter's
  /// thread, which must not wait.
  void set_consumer(std::function<std::uint64_t()> consumed) { consumed_ = std::move(consumed); }
  /// Seq of the last event that stands synced in a file.
  [[nodiscard]] std::uint64_t exported() const { return exported_.load(std::memory_order_acquire); }
  /// Who got what; from any thread.
  [[nodiscard]] const SentIndex& sent() const { return *sent_; }
  /// Removes files by age and size; never the one being written.
  void expire_files(std::filesystem::file_time_type now);

 private:
  EventLog(Queue& queue, EventLogOptions options);
  Expected<> find_end();
  Expected<> open_file(std::uint64_t first_seq);
  Expected<> append(const std::string& lines);
  Expected<> write_synced(const std::string& lines);
  void trim(std::uint64_t upto);
  /// Deliveries that stood in a file, but not yet in the `sent` index, when the process ended.
  Expected<> gather_sent();

  Queue* queue_;
  EventLogOptions options_;
  std::atomic<std::uint64_t> exported_{0};  // read by other threads: how far the feed is
  std::function<void(std::uint64_t, const Event&)> observer_;
  std::function<std::uint64_t()> consumed_;  ///< empty: nobody reads the outbox
  std::shared_ptr<SentIndex> sent_;          // shared: with trims under way
  std::uint64_t trimmed_ = 0;
  int file_ = -1;
  std::uint64_t file_size_ = 0;
  std::filesystem::path path_;
};

/// The event files of a folder in order of their first seq.
[[nodiscard]] std::vector<std::filesystem::path> event_files(const std::string& folder);
/// First seq by a file's name; 0 when it is no event file.
[[nodiscard]] std::uint64_t first_seq_of(const std::filesystem::path& file);
/// Seq of the last whole line; 0 when there is none. The file is not changed.
[[nodiscard]] Expected<std::uint64_t> last_seq_of(const std::filesystem::path& file);

}  // namespace sluice::queue
