#include "engine/feedback/notice_text.hpp"

#include <algorithm>
#include <array>

#include "engine/feedback/field_block.hpp"

namespace sluice::feedback {
namespace {

// Lower case; a line that has one of these, and little else, begins the quoted message.
constexpr std::array<std::string_view, 34> kMarks{
    "below this line is a copy of the message",
    "this is a copy of the message",
    "this is a copy of your message",
    "original message follows",
    "message headers follow",
    "original message headers",
    "unsent message follows",
    "message text follows",
    "returned message",
    "original message",
    "copy of the message",
    "below is a copy of the original",
    "the header of the original message",
    "message header follows",
    "included is a copy of the message header",
    "enclosed is a copy of the message",
    "undelivered message follows",
    "-- forwarded message",
    "the following is a copy",
    "kopie der nachricht",
    "ursprüngliche nachricht",
    "ursprungliche nachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "mensagem original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "исходное сообщение",
    "копия сообщения",
    "元のメッセージ",
    "オリジナルメッセージ",
    "original mail as follows",
    "headers of your message",
};

bool is_mark(std::string_view line) {
  if (line.size() > 120) return false;
  const auto text = lower_case(trimmed(line));
  if (text.empty()) return false;
  const bool found = std::ranges::any_of(
      kMarks, [&](std::string_view mark) { return text.find(mark) != std::string::npos; });
  if (!found) return false;
  // A sentence that speaks of the original message is no mark: marks are short, or ruled off with dashes.
  return text.starts_with("--") || text.starts_with("==") || text.starts_with("**") || text.size() < 70;
}

/// A header begins here: this line and the next few are fields that mail has.
bool is_header_start(std::string_view line) {
  const auto text = lower_case(line.substr(0, 24));
  constexpr std::array<std::string_view, 5> kFirst{
      "received:", "return-path:", "dkim-signature:", "x-google-smtp-source:", "x-original-to:"};
  return std::ranges::any_of(kFirst, [&](std::string_view name) { return text.starts_with(name); });
}

void add_without_tags(std::string& out, std::string_view html, std::size_t limit) {
  bool in_tag = false;
  for (std::size_t at = 0; at < html.size() && out.size() < limit; ++at) {
    const char c = html[at];
    if (c == '<') {
      const auto tag = lower_case(html.substr(at + 1, 7));
      if (tag.starts_with("script") || tag.starts_with("style")) {
        const auto end = html.find("</", at + 1);
        if (end == std::string_view::npos) return;
        at = end;
      }
      const bool block = tag.starts_with("br") || tag.starts_with("p") || tag.starts_with("div") ||
                         tag.starts_with("/p") || tag.starts_with("/div") || tag.starts_with("tr") ||
                         tag.starts_with("li") || tag.starts_with("/td") || tag.starts_with("/h");
      if (block) out.push_back('\n');
      in_tag = true;
    } else if (c == '>' && in_tag) {
      in_tag = false;
    } else if (!in_tag) {
      const auto rest = html.substr(at, 6);
      const std::array<std::pair<std::string_view, char>, 5> kEntities{
          {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&nbsp;", ' '}, {"&#64;", '@'}}};
      const auto entity =
          std::ranges::find_if(kEntities, [&](const auto& each) { return rest.starts_with(each.first); });
      const char byte = entity == kEntities.end() ? c : entity->second;
      const bool blank = byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
      const bool again = blank && (out.empty() || out.back() == ' ' || out.back() == '\n');
      if (!again) out.push_back(blank ? ' ' : byte);
      if (entity != kEntities.end()) at += entity->first.size() - 1;
    }
  }
}

}  // namespace

NoticeText split_notice(std::string_view text) {
  NoticeText out;
  bool said_something = false;
  auto rest = text;
  while (!rest.empty()) {
    const auto from = text.size() - rest.size();
    const auto line = take_line(rest);
    const bool mark = is_mark(line);
    if (said_something && (mark || is_header_start(line))) {
      out.quoted = mark ? rest : text.substr(from);
      break;
    }
    said_something = said_something || !trimmed(line).empty();
    out.said += line;
    out.said.push_back('\n');
  }
  return out;
}

std::string running_text(const MimeMessage& message, std::size_t limit) {
  std::string out;
  const auto add = [&](std::string_view text) {
    out += text.substr(0, limit - std::min(limit, out.size()));
    if (!out.empty() && out.back() != '\n') out.push_back('\n');
  };
  for (const auto& part : message.parts) {
    if (part.type.starts_with("text/") && part.type != "text/html" && part.type != "text/rfc822-headers") {
      add(part.text);
    }
  }
  if (!trimmed(out).empty()) return out;
  for (const auto& part : message.parts) {
    if (part.type == "text/html") add_without_tags(out, part.text, limit);
  }
  return out;
}

}  // namespace sluice::feedback
