#include "engine/sink/inbox_page.hpp"

#include <fmt/format.h>

#include "engine/base/clock.hpp"
#include "engine/base/html_text.hpp"
#include "engine/http/percent.hpp"
#include "engine/sink/inbox_style.hpp"

namespace sluice::sink {
namespace {

constexpr std::size_t kShownText = 1 << 20;  // of a text or source; the rest is in the download

/// Untrusted text; <bdi> keeps right-to-left text from turning what stands beside it.
std::string foreign(std::string_view text, std::size_t limit = 500) {
  return "<bdi>" + html_text(text, limit) + "</bdi>";
}

std::string time_text(std::int64_t ms) {
  const auto text = to_rfc3339(from_ms(ms));
  return text.substr(0, 10) + ' ' + text.substr(11, 8);
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1024 / 1024);
}

std::string head(std::string_view title) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><meta "
      "name=\"referrer\" content=\"no-referrer\"><title>{}</title><style>{}</style></head><body><main>\n",
      html_text(title, 200), kInboxStyle);
}

std::string recipients_text(const InboxMessage& message) {
  std::string out;
  for (const auto& one : message.recipients) out += (out.empty() ? "" : ", ") + one;
  if (message.recipients_beyond > 0) out += fmt::format(" and {} more", message.recipients_beyond);
  return out;
}

std::string row_of(const InboxMessage& message) {
  const auto line = line_of(message);
  const auto time = time_text(message.time_ms);
  return fmt::format(
      "<a class=\"row\" href=\"/message/{}\"><span>{}</span><b>{}</b><small><span>{} </span>{} · "
      "{}</small></a>\n",
      message.number, foreign(recipients_text(message), 120),
      line.subject.empty() ? "(no subject)" : foreign(line.subject, 200), time.substr(0, 10), time.substr(11),
      size_text(message.bytes));
}

std::string list_link(std::uint64_t before, std::string_view about) {
  std::string out = "/?";
  if (before != 0) out += fmt::format("before={}&amp;", before);
  return out + "about=" + http::percent_encode(about);
}

std::string dkim_text(const InboxMessage& message, const InboxView& view) {
  if (message.cut()) return "not checked: the message was cut";
  if (view.dkim.empty()) return "<span class=\"bad\">not signed</span>";
  std::string out;
  for (const auto& verdict : view.dkim) {
    const bool pass = verdict.result == message::DkimResult::pass;
    out += fmt::format("<div><span class=\"{}\">{}</span> {}._domainkey.{} {} {}</div>", pass ? "ok" : "bad",
                       message::name_of(verdict.result), foreign(verdict.selector, 80),
                       foreign(verdict.domain, 200), foreign(verdict.algorithm, 40),
                       foreign(verdict.reason, 300));
  }
  return out;
}

std::string facts(const InboxMessage& message, const InboxView& view) {
  std::string out = "<dl>";
  const auto add = [&out](std::string_view name, const std::string& value) {
    out += fmt::format("<dt>{}</dt><dd>{}</dd>", name, value);
  };
  add("From", foreign(view.from));
  add("To", foreign(view.to));
  add("MAIL FROM", message.sender.empty() ? "&lt;&gt;" : foreign(message.sender));
  add("RCPT TO", foreign(recipients_text(message), 2000));
  add("DKIM", dkim_text(message, view));
  add("Received",
      fmt::format("{} UTC from {} ({}), {}, at {}", time_text(message.time_ms), foreign(message.peer),
                  foreign(message.hello, 200), message.tls.empty() ? "without TLS" : foreign(message.tls),
                  foreign(message.persona)));
  add("Size", size_text(message.bytes));
  std::string files;
  for (const auto& file : view.attachments)
    files += fmt::format("<div>{} {} {}</div>", foreign(file.name, 200), foreign(file.type, 80),
                         size_text(file.bytes));
  if (!files.empty()) add("Attached", files);
  out += "</dl>";
  if (view.cut) out += "<p class=\"none\">It is longer than what is kept or shown: parts are missing.</p>";
  return out;
}

std::string tabs(std::uint64_t number, InboxTab here, bool narrow) {
  std::string out = "<nav>";
  const auto add = [&](std::string_view name, std::string_view query, bool is_here) {
    out += fmt::format("<a href=\"/message/{}?show={}\"{}>{}</a>", number, query,
                       is_here ? " class=\"here\"" : "", name);
  };
  add("HTML", "html", here == InboxTab::html && !narrow);
  add("HTML, phone", "html&amp;narrow=1", here == InboxTab::html && narrow);
  add("Text", "text", here == InboxTab::text);
  add("Header", "header", here == InboxTab::header);
  add("Source", "source", here == InboxTab::source);
  return out + fmt::format("<a href=\"/message/{}/source\">Download</a></nav>", number);
}

std::string shown(const InboxMessage& message, const InboxView& view, InboxTab tab, bool narrow) {
  const auto pre = [](std::string_view text) {
    // Line ends as the browser wants them: a bare CR would show as \x0d.
    std::string out;
    for (const char c : text)
      if (c != '\r') out += c;
    return fmt::format("<pre>{}</pre>", html_text(out, kShownText));
  };
  switch (tab) {
    case InboxTab::html:
      if (view.html.empty()) return "<p class=\"none\">It has no HTML part.</p>";
      return fmt::format(
          "<iframe sandbox=\"\" referrerpolicy=\"no-referrer\" title=\"the message\" "
          "src=\"/message/{}/html\"{}>"
          "</iframe>",
          message.number, narrow ? " class=\"narrow\"" : "");
    case InboxTab::text:
      return view.text.empty() ? "<p class=\"none\">It has no text part.</p>" : pre(view.text);
    case InboxTab::header: {
      std::string out = "<dl class=\"fields\">";
      for (const auto& field : view.fields)
        out += fmt::format("<dt>{}</dt><dd>{}</dd>", foreign(field.name, 200), foreign(field.value, 8192));
      return out + "</dl>";
    }
    case InboxTab::source:
      break;
  }
  return pre(message.content);
}

}  // namespace

std::string inbox_list_page(const InboxListing& listing) {
  auto out = head("Inbox – sluice sink");
  out += fmt::format(
      "<h1>Inbox</h1><p class=\"quiet\">{} messages received{}; the newest {} are here ({}). "
      "Nothing was delivered to anybody.</p>",
      listing.counts.seen, listing.every > 1 ? fmt::format(", one in {} kept", listing.every) : std::string(),
      listing.counts.here, size_text(listing.counts.bytes));
  out += fmt::format(
      "<form action=\"/\"><input name=\"about\" value=\"{}\" placeholder=\"sender or recipient\" "
      "aria-label=\"sender or recipient\"><button>Search</button></form>",
      html_text(listing.about, 320));
  out += "<div class=\"card\">";
  for (const auto& message : listing.rows) out += row_of(*message);
  if (listing.rows.empty()) out += "<p class=\"none\">Nothing here.</p>";
  out += "</div><div class=\"pages\"><span>";
  if (listing.before != 0) out += fmt::format("<a href=\"{}\">Newest</a>", list_link(0, listing.about));
  out += "</span><span>";
  if (listing.rows.size() == kInboxPageRows)
    out += fmt::format("<a href=\"{}\">Older</a>", list_link(listing.rows.back()->number, listing.about));
  return out + "</span></div></main></body></html>\n";
}

std::string inbox_message_page(const InboxMessage& message, const InboxView& view, InboxTab tab,
                               bool narrow) {
  auto out = head(view.subject.empty() ? "(no subject)" : view.subject);
  out += fmt::format("<p class=\"quiet\"><a href=\"/\">Inbox</a> · message {}</p><h1>{}</h1>", message.number,
                     view.subject.empty() ? "(no subject)" : foreign(view.subject));
  out += "<div class=\"card\">" + facts(message, view) + "</div>" + tabs(message.number, tab, narrow);
  return out + "<div class=\"card\">" + shown(message, view, tab, narrow) + "</div></main></body></html>\n";
}

}  // namespace sluice::sink
