// Content transfer encodings of RFC 2045: base64 and quoted-printable. Everything written here is 7-bit, has
// no line above 76 columns and no line that starts with '.', so that a body made of it needs no dot-stuffing
// (RFC 5321 4.5.2) and survives every relay unchanged. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::message {

inline constexpr std::size_t kEncodedLineColumns = 76;

/// Appends base64 without line breaks.
void append_base64(std::string& out, std::string_view bytes);
/// Appends base64 in lines of 76 columns, each ended by CRLF (the last one too).
void append_base64_lines(std::string& out, std::string_view bytes);
/// Blank space between the digits is skipped; nothing for any other foreign byte, bad padding or a cut
/// quantum.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

/// Appends `text` as one self-contained piece of a quoted-printable body: it must start at column 0 and ends
/// at column 0, with a line break of the text itself or a soft one ("=" CRLF). Any sequence of pieces is
/// legal and decodes to the texts' concatenation, which is what lets template literals be encoded once and
/// values one by one. CRLF, LF and a lone CR become line breaks; blank space before one, control bytes, '=',
/// DEL and everything above 7 bits are escaped, as is a '.' or the word "From " at a line's start. An empty
/// text writes nothing.
void append_quoted_printable(std::string& out, std::string_view text);

/// The same piece, but where `out` ends with a soft break of a piece before it, it goes on in that line: a
/// shorter, more readable way to put a value behind a literal. `out` must hold nothing else that ends in "="
/// CRLF.
void join_quoted_printable(std::string& out, std::string_view text);

/// Takes a soft break off the end of `out`, down to but not past `from`, where that is possible (not after
/// blank space): the last piece of a part then ends where the text does.
void trim_soft_break(std::string& out, std::size_t from);

}  // namespace sluice::message
