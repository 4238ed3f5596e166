// Reads the event files line by line, behind a number and on across files, while the exporter appends to
// them.
//
// Lines are handed out whole, each once, in order. Files that were deleted meanwhile show as a jump in the
// numbers: the caller compares. One thread; blocks for the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace sluice::queue {

struct EventLine {
  std::uint64_t seq = 0;
  std::string_view text;  ///< without its newline; until the next call
};

class EventReader {
 public:
  /// Begins behind `after`.
  EventReader(std::string folder, std::uint64_t after) : folder_(std::move(folder)), after_(after) {}

  /// The next line with a number up to `upto`; null: there is none for now. The same one until pop().
  [[nodiscard]] const EventLine* peek(std::uint64_t upto);
  /// The line last peeked at is taken.
  void pop();
  /// Number of the last line taken.
  [[nodiscard]] std::uint64_t after() const { return after_; }

 private:
  bool read_line();
  bool open_next();
  bool open(const std::filesystem::path& path);
  void seek_behind(std::uint64_t after);

  const std::string folder_;
  std::uint64_t after_;
  std::filesystem::path path_;
  std::ifstream file_;
  std::streamoff at_ = 0;  ///< where the next line begins
  std::string text_;
  EventLine line_;
  bool peeked_ = false;
};

/// The number behind `"seq":` in an event line; 0 when there is none.
[[nodiscard]] std::uint64_t seq_of_line(std::string_view line);

}  // namespace sluice::queue
