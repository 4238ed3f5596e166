// recipients.jsonl and rejected.jsonl: one JSON object a line, written as they come, there whole or not at
// all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "engine/campaign/descriptor.hpp"
#include "engine/campaign/row_batch.hpp"

namespace sluice::campaign {

/// The final state of one recipient. Views: used before write() returns.
struct FinalLine {
  std::uint64_t row = 0;
  std::string_view id;  ///< MessageId text
  std::string_view recipient;
  std::string_view state;   ///< delivered, bounced, expired, suppressed, cancelled
  std::string_view reason;  ///< bounce class or reason of suppression; left out when ""
  std::string_view reply;   ///< the last reply, untrusted; left out when ""
  Instant time;
  std::uint32_t attempts = 0;
};

/// A file of lines under a temporary name until finish(). One thread.
class LineFile {
 public:
  static constexpr std::size_t kBufferBytes = 256 << 10;

  /// `directory` must stay open until finish(). A left-over temporary file is replaced.
  [[nodiscard]] static Expected<LineFile> create(int directory, std::string name);
  LineFile(LineFile&&) noexcept = default;
  LineFile& operator=(LineFile&&) noexcept = default;

  [[nodiscard]] Expected<> write(const FinalLine& line);
  /// `text` is the row as it stands in the list: at most 1000 bytes of it are kept.
  [[nodiscard]] Expected<> write(const Rejection& rejection, std::string_view text);

  /// Synced and under its own name, in place of an older one.
  [[nodiscard]] Expected<> finish();
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  LineFile(int directory, std::string name) : directory_(directory), name_(std::move(name)) {}

  [[nodiscard]] std::string temporary() const { return "." + name_ + ".tmp"; }
  Expected<> end_line();
  Expected<> flush();

  int directory_;
  std::string name_;
  Descriptor file_;
  std::string buffer_;
  std::uint64_t lines_ = 0;
};

}  // namespace sluice::campaign
