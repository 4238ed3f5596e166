// What others send us, taken apart by GMime: the header fields, and the leaves with their decoded text. Only
// what a report needs: of an attached message its header alone is kept.
//
// Any bytes are a message. Time and memory are bounded by MimeLimits: GMime sees at most `bytes`, the tree is
// walked to `depth`, and at most `parts` leaves and `fields` header fields are kept. Safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::feedback {

struct MimeLimits {
  std::size_t bytes = 512u << 10;      ///< of the message; the rest is not looked at (reports come first)
  std::size_t depth = 30;              ///< deeper parts are ignored
  std::size_t parts = 60;              ///< leaves kept
  std::size_t fields = 300;            ///< header fields kept, of each header
  std::size_t field_bytes = 8u << 10;  ///< of one header field's value; the rest is cut
  std::size_t text_bytes = 64u << 10;  ///< of one leaf's text; the rest is cut
  bool binary = false;                 ///< keep the bytes of other leaves too, as much as of a text
};

struct HeaderField {
  std::string name;   ///< lower case
  std::string value;  ///< unfolded, not decoded
};

/// First field of that (lower-case) name, or "".
[[nodiscard]] std::string_view field_of(const std::vector<HeaderField>& fields, std::string_view name);

/// Encoded words (RFC 2047) and raw 8-bit text as UTF-8.
[[nodiscard]] std::string decoded_text(std::string_view value);

struct MimePart {
  std::string type;  ///< "text/plain", lower case
  /// Decoded; text/* as UTF-8. Empty for attached messages, and for what is no text without
  /// MimeLimits::binary.
  std::string text;
  std::vector<HeaderField> attached;  ///< message/rfc822: the header of the message within
  std::vector<HeaderField> fields;    ///< the part's own header
};

struct MimeMessage {
  std::vector<HeaderField> fields;
  std::string type;             ///< of the whole: "multipart/report"
  std::string report_type;      ///< "delivery-status", "feedback-report", lower case, or ""
  std::vector<MimePart> parts;  ///< leaves in their order; parts of attached messages are not among them
  bool cut = false;             ///< a limit left something out

  [[nodiscard]] std::string_view field(std::string_view name) const { return field_of(fields, name); }
  /// First part of that type, or null.
  [[nodiscard]] const MimePart* part(std::string_view wanted) const;
};

[[nodiscard]] MimeMessage parse_mime(std::string_view bytes, const MimeLimits& limits = {});

}  // namespace sluice::feedback
