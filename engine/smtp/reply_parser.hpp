// Cuts SMTP replies out of the bytes a server sent (RFC 5321 §4.2). Incremental, bounded, no I/O.
//
// Liberal where it harms nobody: a bare LF ends a line, text may be missing, any bytes may be in it. Strict
// where a guess could deliver or bounce wrongly: a line without a code in 200-599, another code than the line
// before, a line or a reply beyond its limit are protocol errors. After an error the parser stays in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/message/reply.hpp"

namespace sluice::smtp {

struct ReplyLimits {
  std::size_t max_line_bytes = 2000;    ///< with code and line end; RFC 5321 §4.5.3.1.5 says 512
  std::size_t max_reply_bytes = 65536;  ///< all lines together; beyond either: protocol error
};

class ReplyParser {
 public:
  enum class Status { need_more, complete, error };
  struct Fed {
    Status status;
    std::size_t consumed;  ///< bytes used up; keep the rest and put new bytes behind it
  };

  explicit ReplyParser(ReplyLimits limits = {}) : limits_(limits) {}

  /// Takes whole lines; stops behind the last line of a reply.
  [[nodiscard]] Fed feed(std::string_view bytes);

  /// After `complete`. The parser is ready for the next reply.
  [[nodiscard]] message::Reply take();

  /// After `error`: what is wrong, without the server's bytes.
  [[nodiscard]] std::string_view problem() const { return problem_; }

 private:
  [[nodiscard]] Status add_line(std::string_view line);
  [[nodiscard]] Status fail(std::string_view problem);

  ReplyLimits limits_;
  message::Reply reply_;
  std::size_t held_ = 0;  // bytes of this reply's finished lines
  std::string_view problem_;
};

/// The enhanced code (RFC 2034: class equal to the reply's first digit) at the start of `text`, which loses
/// it and the spaces behind it. Absent: `text` is unchanged.
[[nodiscard]] message::EnhancedCode take_enhanced_code(std::uint16_t reply_code, std::string_view& text);

}  // namespace sluice::smtp
