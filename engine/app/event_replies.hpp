// Past refusals, from event files: what `classify --replay` and `--unknown` read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/feedback/classifier.hpp"

namespace sluice::app {

struct PastReply {
  feedback::Refusal refusal;  ///< views live for the call
  std::string_view event_class;
};

struct PastReplies {
  std::uint64_t events = 0;    ///< lines read
  std::uint64_t refusals = 0;  ///< of them with a 4xx or 5xx reply
  std::uint64_t unreadable = 0;
};

/// Every bounced, deferred, expired or returned event with a reply. `paths`: .jsonl files, or folders of
/// them.
[[nodiscard]] Expected<PastReplies> each_past_reply(const std::vector<std::string>& paths,
                                                    const std::function<void(const PastReply&)>& each);

}  // namespace sluice::app
