#include "engine/feedback/notice_recipients.hpp"

#include <algorithm>
#include <optional>

#include "engine/feedback/field_block.hpp"
#include "engine/feedback/mail_address.hpp"
#include "engine/feedback/word_pattern.hpp"

namespace sluice::feedback {
namespace {

enum class Form { starts_line, alone, after_code, labelled, anywhere };

struct Mention {
  std::string_view address;
  std::size_t line = 0;
  Form form = Form::anywhere;
};

/// A field of a quoted header, or of who wrote: its addresses are not the ones that failed.
bool is_quoted_field(std::string_view line) {
  static const WordPattern fields(
      {R"(^\s*(from|sender|reply-to|return-path|message-id|in-reply-to|references|cc|bcc|received|)"
       R"(x-[\w-]+|dkim-signature|content-[\w-]+|mime-version|date|subject|original sender|)"
       R"(mail from|errors-to|von|absender|de|expéditeur|reporting-mta|messageid|>>> mail from)\s*:)"});
  return fields.in(line);
}

bool is_contact(std::string_view line) {
  static const WordPattern contact(
      {R"(\b(contact|assistance|questions?|help|support|forward|send (mail|this|an? e-?mail)|)"
       R"(wenden sie sich|contacte[rz]|hilfe|abuse)\b)"});
  return contact.in(line);
}

bool is_label(std::string_view before) {
  static const WordPattern label(
      {R"((recipients?|rcpt to|final-recipient|original-recipient|to|address(es)?|delivered to|)"
       R"(undeliverable to|deliver(ed|y)? (to|for)|mailbox|user(id)?|account|destinat\w*|empfänger|)"
       R"(an|à|failed|for|あて先|宛先|получател\w*)( (address|is|was|)"
       R"(id))?\s*[:=;]?\s*(rfc822;)?\s*[<"'(\[]*$)"});
  return label.in(before);
}

Form form_of(std::string_view line, const FoundAddress& found) {
  const auto before = trimmed(line.substr(0, found.at));
  auto after = trimmed(line.substr(found.at + found.text.size()));
  if (after.starts_with('>')) after.remove_prefix(1);
  const bool opens = before.empty() || before == "<" || before == "-" || before == "*" || before == "- <";
  if (opens && found.bracketed && (after.starts_with(":") || after.starts_with("...")))
    return Form::starts_line;
  if (opens && (after.empty() || after == ":" || after == ",")) return Form::alone;
  if (opens && (after.starts_with(":") || found.bracketed)) return Form::starts_line;
  static const WordPattern code({R"(^[45]\d\d[- ]([45]\.\d+\.\d+ )?\W{0,2}$)"});
  if (code.in(before)) return Form::after_code;
  if (is_label(line.substr(0, found.at))) return Form::labelled;
  return opens ? Form::labelled : Form::anywhere;
}

bool is_machine(std::string_view address) {
  static const WordPattern machine(
      {R"(^(mailer-?daemon|postmaster|mail-?daemon|abuse|support|help(desk)?|no-?reply)@)"});
  return machine.in(address);
}

std::vector<std::string_view> lines_of(std::string_view text, std::size_t limit) {
  std::vector<std::string_view> out;
  while (!text.empty() && out.size() < limit) out.push_back(take_line(text));
  return out;
}

bool is_own(std::string_view address, const NoticeContext& context) {
  return std::ranges::any_of(context.own, [&](const auto& own) { return same_address(own, address); });
}

std::vector<Mention> mentions_in(const std::vector<std::string_view>& lines, const NoticeContext& context,
                                 bool own_too) {
  std::vector<Mention> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (is_quoted_field(lines[i])) continue;
    for (const auto& found : find_addresses(lines[i], 20)) {
      if (!own_too && is_own(found.text, context)) continue;
      auto form = form_of(lines[i], found);
      if (form == Form::anywhere && (is_contact(lines[i]) || is_machine(found.text))) continue;
      if (found.text.size() > 300 || found.text.find('.') == std::string_view::npos) continue;
      out.push_back({found.text, i, form});
      if (out.size() >= context.recipients * 4) return out;
    }
  }
  return out;
}

/// The strongest form present: mentions of that form, several of one address among them.
std::vector<Mention> strongest(std::vector<Mention> all) {
  if (all.empty()) return all;
  const auto best = std::ranges::min_element(all, {}, &Mention::form)->form;
  // A failed address may stand alone on one line and open another: both are the machine's own list.
  const auto most = best <= Form::alone ? Form::alone : best;
  std::erase_if(all, [&](const Mention& mention) { return mention.form > most; });
  if (most == Form::anywhere) all.resize(1);  // a guess is made once
  return all;
}

/// The lines from the mention to the next one. In a transcript each line is about one recipient, and what the
/// server said stands before it.
std::string said_about(const std::vector<std::string_view>& lines, const Mention& mention,
                       std::size_t previous, std::size_t next, std::size_t limit) {
  auto from = mention.line;
  auto end = std::max(next, mention.line + 1);
  if (mention.form == Form::after_code) {
    while (from > previous && lines[from - 1].starts_with("<<<")) --from;
    end = mention.line + 1;
    while (end < next && (lines[end].starts_with(' ') || lines[end].starts_with('\t'))) ++end;
  }
  std::string out;
  for (auto at = from; at < end && out.size() < limit; ++at) {
    out += lines[at].substr(0, limit);
    out.push_back('\n');
  }
  return out;
}

}  // namespace

std::vector<NoticeRecipient> notice_recipients(std::string_view text, const NoticeContext& context) {
  const auto lines = lines_of(text, context.lines);
  auto mentions = strongest(mentions_in(lines, context, false));
  if (mentions.empty()) mentions = strongest(mentions_in(lines, context, true));
  std::vector<NoticeRecipient> out;
  std::size_t previous = 0;
  for (auto at = mentions.begin(); at != mentions.end() && out.size() < context.recipients; ++at) {
    const auto same = [&](std::string_view other) { return same_address(other, at->address); };
    if (std::ranges::any_of(out, same, &NoticeRecipient::address)) continue;
    const auto other = std::find_if(at + 1, mentions.end(), [&](const Mention& next) {
      return next.line > at->line && !same(next.address);
    });
    const auto next = other == mentions.end() ? lines.size() : other->line;
    out.push_back({std::string(at->address), said_about(lines, *at, previous, next, context.said_bytes)});
    previous = at->line + 1;
  }
  return out;
}

}  // namespace sluice::feedback
