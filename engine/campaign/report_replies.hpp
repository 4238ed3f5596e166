// What receivers said, by class of outcome: how often, and samples. Replies that differ only in what a server
// puts in for each message (ids, addresses, times) count as one. One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/campaign/report.hpp"
#include "engine/campaign/report_event.hpp"

namespace sluice::campaign {

struct ReplyLimits {
  std::size_t samples = 3;           ///< kept for a class
  std::size_t max_replies = 10'000;  ///< told apart in all; of later ones only the class is counted
  std::size_t max_classes = 200;     ///< of each kind; later ones count as "other"
  std::size_t reply_bytes = 1000;    ///< kept of a text
};

class ReportReplies {
 public:
  explicit ReportReplies(ReplyLimits limits) : limits_(limits) {}

  /// `event.kind` and `event.label` say where it counts.
  void add(const ReportEvent& event, std::string_view provider);
  /// Most frequent classes first, and in each the most frequent replies.
  [[nodiscard]] std::vector<ReportClass> finish() const;

 private:
  struct Reply {
    std::string text;
    std::uint64_t count = 0;
  };
  struct Class {
    std::uint64_t count = 0;
    std::uint64_t uncounted = 0;
    std::map<std::pair<std::string, std::string>, Reply> replies;  ///< provider and shape
  };

  ReplyLimits limits_;
  std::map<std::pair<std::string, std::string>, Class> classes_;  ///< kind and name
  std::size_t replies_ = 0;
};

/// The reply without what differs from message to message: words of eight bytes and more with a digit in
/// them, and words with an @, become "#".
[[nodiscard]] std::string reply_shape(std::string_view reply);

}  // namespace sluice::campaign
