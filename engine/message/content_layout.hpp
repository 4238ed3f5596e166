// The MIME skeleton of a campaign's mail: everything between and around the rendered texts (RFC 2045-2047, 2387).
//
//   multipart/mixed            with attachments
//     multipart/alternative    with HTML
//       text/plain
//       multipart/related      with inline images
//         text/html
//         image...
//     attachment...
#pragma once

#include <string>

#include "engine/base/error.hpp"
#include "engine/message/content_source.hpp"

namespace sluice::message {

/// The body is before_text TEXT [CRLF before_html HTML] [CRLF tail]. All of it is CRLF, 7-bit, and starts no line with
/// '.'. A single part is followed by nothing.
struct ContentLayout {
  std::string header;  ///< MIME-Version, Content-Type, and Content-Transfer-Encoding of a single part
  std::string before_text;
  std::string before_html;
  std::string tail;
  bool multipart = false;
};

/// Checks and encodes attachments and images. The error names the file.
[[nodiscard]] Expected<ContentLayout> lay_out(const ContentSource& source, const ContentLimits& limits);

}  // namespace sluice::message
