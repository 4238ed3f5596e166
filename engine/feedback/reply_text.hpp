// Texts of receivers, made comparable: one line, single blanks, and the code that a server repeats at the
// start of each line taken out. Also the form in which unknown texts are counted: what differs from message
// to message is gone.
#pragma once

#include <string>
#include <string_view>

namespace sluice::feedback {

/// Blanks and control bytes become single spaces, bytes that are no UTF-8 '?'; a code or enhanced code that
/// begins a line is dropped, but at most `limit` bytes of `text` are looked at.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit);

/// one_line, with what is particular replaced: addresses (<addr>), IP addresses (<ip>), URLs (<url>), host
/// names of three labels or more (<host>), hexadecimal and mixed identifiers (<id>), numbers (<n>). Lower
/// case. At most `limit` bytes come out.
[[nodiscard]] std::string normalised(std::string_view text, std::size_t limit);

}  // namespace sluice::feedback
