// The inbox's pages. No script anywhere; what was received is escaped, or shown in a frame that
// may run, load and open nothing. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/sink/inbox.hpp"
#include "engine/sink/inbox_view.hpp"

namespace sluice::sink {

inline constexpr std::size_t kInboxPageRows = 50;

/// What our own pages may do, and what the frame with a message's HTML may: nothing but show itself and
/// images it carries. Values of Content-Security-Policy.
inline constexpr std::string_view kPagePolicy =
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";
inline constexpr std::string_view kFramePolicy =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri "
    "'none'; "
    "frame-ancestors 'self'";

struct InboxListing {
  std::vector<InboxMessagePtr> rows;  ///< newest first
  Inbox::Counts counts;
  std::uint64_t every = 1;
  std::uint64_t before = 0;  ///< of this page; 0: the first
  std::string about;         ///< the search; untrusted
};

[[nodiscard]] std::string inbox_list_page(const InboxListing& listing);

enum class InboxTab { html, text, header, source };
[[nodiscard]] std::string inbox_message_page(const InboxMessage& message, const InboxView& view, InboxTab tab,
                                             bool narrow);

}  // namespace sluice::sink
