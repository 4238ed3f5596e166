// What was delivered, once and more than once; and, if asked, a line for each delivery in a file.
//
// Log line: `ID RECIPIENT PERSONA STATE MAIL PEER`, STATE `answered`, `unanswered`
// (connection dropped after the final dot: the sender cannot know). Written before the answer is sent,
// in blocks: flush() or the destructor makes the rest readable; the sink flushes every second and at its end.
// Any thread: the set is in 64 shards, each with a lock held for one lookup.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/base/id.hpp"
#include "engine/sink/guarded.hpp"
#include "engine/sink/id_set.hpp"

namespace sluice::sink {

struct LedgerOptions {
  std::size_t max_ids =
      16'000'000;  ///< deliveries told apart (16-32 bytes each); beyond they are counted as untracked
  std::string log_file = {};  ///< created or truncated; empty: no log
};

/// When its MAIL came, by the wall clock, and from where.
struct Arrival {
  std::int64_t mail_us = 0;  ///< microseconds since 1970
  std::string_view peer;
};

class Ledger {
 public:
  /// Fails when the log file cannot be created.
  [[nodiscard]] static Expected<std::unique_ptr<Ledger>> open(const LedgerOptions& options);
  ~Ledger();

  enum class Seen { first, duplicate, untracked };
  Seen add(MessageId id, std::string_view recipient, std::string_view persona, bool answered,
           const Arrival& arrival);

  void flush();
  [[nodiscard]] std::uint64_t unique() const { return unique_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t untracked() const { return untracked_.load(std::memory_order_relaxed); }
  /// A write to the log failed: it is not complete.
  [[nodiscard]] bool log_failed() const { return log_failed_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kLogBlock = 256 << 10;

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Log {
    std::unique_ptr<std::FILE, Close> file;
    std::string pending;
  };
  explicit Ledger(std::size_t max_ids);
  void write(Log& log);

  std::array<std::unique_ptr<Guarded<IdSet>>, kShards> shards_;
  Guarded<Log> log_;
  bool logs_ = false;
  std::atomic<std::uint64_t> unique_{0};  // counters: no order among them is needed
  std::atomic<std::uint64_t> duplicates_{0};
  std::atomic<std::uint64_t> untracked_{0};
  std::atomic<bool> log_failed_{false};
};

}  // namespace sluice::sink
