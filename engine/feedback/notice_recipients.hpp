// Which addresses a notice speaks of, and what it says about each. Forms, strongest first: `<addr>:` at the
// start of a line, an address alone on its line, a reply code before `<addr>`, a label ("Recipient: addr"),
// any address.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::feedback {

struct NoticeRecipient {
  std::string address;
  std::string said;  ///< the lines about it
};

struct NoticeContext {
  /// Who was written to about it, and who wrote: never the failed recipient when others are named.
  std::vector<std::string> own;
  std::size_t recipients = 100;       ///< at most so many come out
  std::size_t said_bytes = 4u << 10;  ///< of each one's lines
  std::size_t lines = 400;            ///< looked at
};

[[nodiscard]] std::vector<NoticeRecipient> notice_recipients(std::string_view text,
                                                             const NoticeContext& context);

}  // namespace sluice::feedback
