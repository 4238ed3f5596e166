// One message of the inbox taken apart for a person: what its reader would see, its header, its signatures.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/message/dkim_check.hpp"
#include "engine/sink/inbox.hpp"

namespace sluice::sink {

struct InboxField {
  std::string name;
  std::string value;  ///< unfolded
};

struct InboxAttachment {
  std::string type;
  std::string name;
  std::size_t bytes = 0;
};

/// All text is untrusted. Bounded by ViewLimits, whatever the message.
struct InboxView {
  std::string subject;
  std::string from;
  std::string to;
  std::string date;
  std::string text;
  std::string html;  ///< as sent, but images of the message itself (cid:) as data: URLs, and no <link>
  std::vector<InboxField> fields;
  std::vector<InboxAttachment> attachments;
  std::vector<message::DkimVerdict> dkim;  ///< empty: not signed
  bool cut = false;                        ///< a limit left something out
};

struct ViewLimits {
  std::size_t part_bytes = 1 << 20;  ///< of one part
  std::size_t html_bytes = 8 << 20;  ///< with its images
};

[[nodiscard]] InboxView view_of(const InboxMessage& message, const InboxOptions& options,
                                const ViewLimits& limits = {});

/// The header lines of list pages: subject and From, decoded. Cheap.
struct InboxLine {
  std::string subject;
  std::string from;
};
[[nodiscard]] InboxLine line_of(const InboxMessage& message);

}  // namespace sluice::sink
