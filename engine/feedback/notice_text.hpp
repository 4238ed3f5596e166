// The running text of a bounce: what the machine says, apart from the message it quotes.
#pragma once

#include <string>
#include <string_view>

#include "engine/feedback/mime_message.hpp"

namespace sluice::feedback {

struct NoticeText {
  std::string said;    ///< up to the quoted message; lines end with '\n'
  std::string quoted;  ///< the quoted message's header and what follows, or ""
};

/// Looks for the usual lines ("--- Below this line is a copy of the message.", "------ This is a copy …") and
/// for a header that begins in the middle of the text (Received:, Return-Path: …).
[[nodiscard]] NoticeText split_notice(std::string_view text);

/// All text leaves outside attached messages: plain text, or HTML without its tags where there is no plain
/// text; at most `limit` bytes.
[[nodiscard]] std::string running_text(const MimeMessage& message, std::size_t limit);

}  // namespace sluice::feedback
