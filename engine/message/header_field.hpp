// Writes one header field: folding (RFC 5322 2.2.3), encoded words (RFC 2047), parameters (RFC 2231), dates.
// What comes out is 7-bit, its lines have at most 78 columns where the text lets them and never more than
// 998, and no byte of a value can end the field: CR, LF and other control bytes become spaces, invalid UTF-8
// becomes U+FFFD.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/clock.hpp"

namespace sluice::message {

inline constexpr std::size_t kFoldColumns = 78;
inline constexpr std::size_t kMaxLineColumns = 998;

/// `FieldWriter f(out, "To"); f.phrase(name); f.token("<a@b.test>"); f.end();` Appends to `out`, which must
/// outlive it and be left alone meanwhile. The field's name is the caller's to check.
class FieldWriter {
 public:
  FieldWriter(std::string& out, std::string_view name);

  /// Unstructured text (Subject): as it is when printable ASCII and safe, else in encoded words.
  void text(std::string_view value);
  /// A display name: atoms, a quoted string or encoded words. Empty writes nothing.
  void phrase(std::string_view name);
  /// Something that may not be broken (an address, a URL in <>, a media type): on the next line if it does
  /// not fit here. Must be printable ASCII without spaces.
  void token(std::string_view word);
  /// "; name=value", quoted, or extended and split (RFC 2231) when it is not ASCII or too long for a line.
  void parameter(std::string_view name, std::string_view value);
  /// RFC 5322 3.3 in UTC: "Wed, 25 Nov 2026 19:13:18 +0000".
  void date(Instant at);
  /// Appends ready bytes of this line: printable ASCII.
  void raw(std::string_view ascii);
  void end() { out_ += "\r\n"; }

 private:
  void fold();
  void plain_text(std::string_view value);
  void encoded_words(std::string_view value);
  void extended_parameter(std::string_view name, std::string_view value);

  std::string& out_;
  std::size_t column_;
  std::size_t name_columns_;
};

/// The end of the valid UTF-8 character at `text[0]`, 0 when there is none (overlong forms and surrogates
/// included).
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// RFC 5322 3.3 in UTC.
void append_date(std::string& out, Instant at);

/// A field name anybody may send: 1-76 printable ASCII bytes without ':' (RFC 5322 2.2).
[[nodiscard]] bool is_field_name(std::string_view name);

}  // namespace sluice::message
