// The canonical forms of RFC 6376 3.4: what a DKIM hash is taken over. Both bodies are streams: a message may
// come in any pieces, so shared segments need not be copied together. Only CRLF ends a line; a lone CR or LF
// is content.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::message {

/// Relaxed body, 3.4.4: runs of blanks become one space, blanks at a line's end and empty lines at the end
/// go. `while (!rest.empty()) hash(body.take(rest)); for (tail = body.finish(); ...)`. One thread; reusable
/// after reset().
class RelaxedBody {
 public:
  RelaxedBody();

  /// Consumes some of `rest` (at most one buffer) and gives its canonical bytes: a view good until the next
  /// call. May consume nothing while line ends held back are written, but then gives bytes.
  [[nodiscard]] std::string_view take(std::string_view& rest);
  /// The last bytes; to be called until it gives none.
  [[nodiscard]] std::string_view finish();
  void reset();

 private:
  static constexpr std::size_t kBuffer = 16 * 1024;

  char* flush_held(char* to);
  void hold_back_tail(const char* run, char*& to);
  void step(char c, char*& to);
  std::string_view write_lines();

  std::unique_ptr<char[]> buffer_;
  std::uint64_t held_lines_ = 0;  // line ends seen that may turn out to be the empty end
  bool held_blank_ = false;
  bool held_cr_ = false;
  bool any_ = false;  // something was given out or is about to be
  bool finished_ = false;
};

/// Simple body, 3.4.3: as it is, but empty lines at the end become one CRLF.
class SimpleBody {
 public:
  /// Same contract as RelaxedBody's.
  [[nodiscard]] std::string_view take(std::string_view& rest);
  [[nodiscard]] std::string_view finish();

 private:
  std::string_view write_lines();

  std::string scratch_;
  std::uint64_t held_lines_ = 0;
  bool held_cr_ = false;
  bool finished_ = false;
};

/// Appends one field's relaxed form with its CRLF (3.4.2). `field` is name, colon, value, with or without a
/// last CRLF; one without a colon is taken as a name.
void append_relaxed_field(std::string& out, std::string_view field);

}  // namespace sluice::message
