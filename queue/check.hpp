// Reads a whole store and compares what it says with itself: every block, every record, every account.
//
// Nothing is changed. The database must stand still: opened for reading with its folder's lock held, or a
// backup's. Work and memory: one pass over all rows; a count for each stream.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "engine/store/database.hpp"
#include "queue/key.hpp"

namespace sluice::queue {

/// Where the parts of one engine's data are.
struct DataFolders {
  std::string store;
  std::string bodies;
  std::string events;
  std::string lists;         ///< of campaigns that are still read
  std::string token_keys{};  ///< the file of the keys that sign return tokens; "": none

  [[nodiscard]] static DataFolders below(const std::string& data_dir) {
    return {data_dir + "/store", data_dir + "/bodies", data_dir + "/events", data_dir + "/lists",
            data_dir + "/return_tokens.keys"};
  }
};

/// One thing that was looked at.
struct CheckRow {
  std::string what;         ///< "records", "counters", …
  std::uint64_t found = 0;  ///< how many there are
  std::uint64_t wrong = 0;
  std::string detail;  ///< the first wrong one: where, what, what would be right; or a remark

  /// Counts one wrong one; the first one's text is kept.
  void blame(const std::string& text);
};

struct CheckReport {
  std::deque<CheckRow> rows;  ///< in the order they were looked at

  [[nodiscard]] std::uint64_t wrong() const;
  [[nodiscard]] const CheckRow* row(std::string_view what) const;
};

[[nodiscard]] CheckReport check_store(store::Database& database, const DataFolders& folders);

/// A key as people can find it again: its bytes in hexadecimal.
[[nodiscard]] std::string hex(std::string_view bytes);

}  // namespace sluice::queue
