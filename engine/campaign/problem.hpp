// What is wrong with a campaign, said so that its author can mend it: file, line, column, what would be
// right. A rejected directory gets all problems found at once in reason.txt.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::campaign {

struct Problem {
  std::string file;          ///< name beneath the campaign directory; "" for the directory itself
  std::uint64_t line = 0;    ///< from 1; 0 when no line is to blame
  std::uint64_t column = 0;  ///< in bytes, from 1; 0 when unknown
  std::string text;          ///< what is wrong and what would be right, one sentence without full stop

  /// "campaign.toml:3:1: unknown key …", control bytes made visible.
  [[nodiscard]] std::string to_text() const;
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// Never grows beyond kMaxProblems: a hostile file cannot make reason.txt large.
class Problems {
 public:
  static constexpr std::size_t kMaxProblems = 100;

  void add(Problem problem) {
    if (list_.size() < kMaxProblems) list_.push_back(std::move(problem));
  }
  void add(const Problems& others) {
    for (const auto& problem : others.list_) add(problem);
  }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<Problem>& list() const { return list_; }

  /// The text of reason.txt: one line a problem, then what to do next.
  [[nodiscard]] std::string reason_text(std::string_view name) const;

 private:
  std::vector<Problem> list_;
};

/// Text from outside for a terminal or a text file: control bytes become \xNN, at most `limit` bytes are
/// kept.
[[nodiscard]] std::string visible(std::string_view untrusted, std::size_t limit = 200);

}  // namespace sluice::campaign
