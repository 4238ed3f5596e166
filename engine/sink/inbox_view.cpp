#include "engine/sink/inbox_view.hpp"

#include <algorithm>

#include "engine/feedback/mime_message.hpp"
#include "engine/message/encoding.hpp"

namespace sluice::sink {
namespace {

using feedback::MimeMessage;
using feedback::MimePart;

constexpr std::size_t kHeaderBytes = 64 << 10;

std::string_view header_of(std::string_view content) {
  const auto end = content.find("\r\n\r\n");
  return content.substr(0, std::min(end == std::string_view::npos ? content.size() : end + 4, kHeaderBytes));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  const auto rest = text.substr(std::min(from, text.size()));
  const auto found = std::ranges::search(rest, word, same);
  if (found.empty()) return std::string_view::npos;
  return from + static_cast<std::size_t>(found.begin() - rest.begin());
}

/// The value of `key=` in a header value such as `attachment; filename="a.pdf"`.
std::string parameter(std::string_view value, std::string_view key) {
  const auto at = find_word(value, key, 0);
  if (at == std::string_view::npos) return {};
  value.remove_prefix(at + key.size());
  if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
  return std::string(value.substr(0, value.find_first_of("; ")));
}

bool is_attachment(const MimePart& part) {
  const auto disposition = field_of(part.fields, "content-disposition");
  return find_word(disposition, "attachment", 0) == 0 || !part.type.starts_with("text/");
}

std::string id_of(const MimePart& part) {
  auto id = std::string(field_of(part.fields, "content-id"));
  std::erase_if(id, [](char c) { return c == '<' || c == '>' || c == ' '; });
  return id;
}

bool is_image_type(std::string_view type) {
  return type == "image/png" || type == "image/jpeg" || type == "image/gif" || type == "image/webp";
}

/// The data: URL of the image with that Content-ID; "" when there is none.
std::string image_url(const MimeMessage& mime, std::string_view id) {
  for (const auto& part : mime.parts) {
    if (!is_image_type(part.type) || id.empty() || id_of(part) != id) continue;
    std::string out = "data:" + part.type + ";base64,";
    message::append_base64(out, part.text);
    return out;
  }
  return {};
}

/// Images of the message itself are shown: their cid: URLs become data: URLs, as far as `most` bytes allow.
std::string with_images(std::string_view html, const MimeMessage& mime, std::size_t most, bool& cut) {
  constexpr std::string_view kScheme = "cid:";
  std::string out;
  while (!html.empty()) {
    const auto at = find_word(html, kScheme, 0);
    out += html.substr(0, at);
    if (at == std::string_view::npos) break;
    html.remove_prefix(at + kScheme.size());
    const auto id = html.substr(0, html.find_first_of("\"'> )"));
    const auto url = image_url(mime, id);
    if (out.size() + url.size() + html.size() > most) cut = true;
    if (url.empty() || out.size() + url.size() + html.size() > most) {
      out += kScheme;
      continue;
    }
    out += url;
    html.remove_prefix(id.size());
  }
  return out;
}

/// <link> can make a browser look names up and connect before any policy is asked.
std::string without_links(std::string html) {
  for (auto at = find_word(html, "<link", 0); at != std::string::npos;
       at = find_word(html, "<link", at + 5)) {
    html.replace(at, 5, "<gone");
  }
  return html;
}

message::DkimKeyLookup lookup_in(const InboxOptions& options) {
  return [&options](const std::string& name) -> Expected<std::string> {
    const auto found =
        std::ranges::find(options.dkim_records, name, &std::pair<std::string, std::string>::first);
    if (found != options.dkim_records.end()) return found->second;
    return fail(ErrorCode::unavailable, name + " is none of the keys this sink knows");
  };
}

}  // namespace

InboxLine line_of(const InboxMessage& message) {
  const auto mime = feedback::parse_mime(header_of(message.content));
  return {feedback::decoded_text(mime.field("subject")), feedback::decoded_text(mime.field("from"))};
}

InboxView view_of(const InboxMessage& message, const InboxOptions& options, const ViewLimits& limits) {
  feedback::MimeLimits mime_limits;
  mime_limits.bytes = options.max_message_bytes;
  mime_limits.text_bytes = limits.part_bytes;
  mime_limits.binary = true;
  const auto mime = feedback::parse_mime(message.content, mime_limits);
  InboxView out;
  out.cut = mime.cut || message.cut();
  out.subject = feedback::decoded_text(mime.field("subject"));
  out.from = feedback::decoded_text(mime.field("from"));
  out.to = feedback::decoded_text(mime.field("to"));
  out.date = mime.field("date");
  for (const auto& field : mime.fields) out.fields.push_back({field.name, field.value});
  for (const auto& part : mime.parts) {
    if (is_attachment(part)) {
      auto name = parameter(field_of(part.fields, "content-disposition"), "filename=");
      if (name.empty()) name = parameter(field_of(part.fields, "content-type"), "name=");
      if (name.empty()) name = id_of(part);
      out.attachments.push_back({part.type, feedback::decoded_text(name), part.text.size()});
    } else if (part.type == "text/html" && out.html.empty()) {
      out.html = without_links(with_images(part.text, mime, limits.html_bytes, out.cut));
    } else if (part.type == "text/plain" && out.text.empty()) {
      out.text = part.text;
    }
  }
  if (!message.cut()) {
    const auto at = from_ms(message.time_ms);
    out.dkim = message::check_dkim(message.content, lookup_in(options), at);
  }
  return out;
}

}  // namespace sluice::sink
