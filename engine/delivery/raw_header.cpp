#include "engine/delivery/raw_header.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/message/header_field.hpp"
#include "engine/message/mailbox.hpp"

namespace sluice::delivery {
namespace {

bool same(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
  });
}

/// Takes one field with its folded lines, CRLF included, from the front of `rest`.
std::string_view take_field(std::string_view& rest) {
  std::size_t end = 0;
  do {
    const auto line = rest.find("\r\n", end);
    end = line == std::string_view::npos ? rest.size() : line + 2;
  } while (end < rest.size() && (rest[end] == ' ' || rest[end] == '\t'));
  const auto field = rest.substr(0, end);
  rest.remove_prefix(end);
  return field;
}

std::string domain_of_from(std::string_view value) {
  std::string unfolded;
  std::copy_if(value.begin(), value.end(), std::back_inserter(unfolded),
               [](char c) { return c != '\r' && c != '\n'; });
  const auto mailbox = message::parse_mailbox(unfolded);
  return mailbox ? std::string(mailbox->address.domain()) : std::string();
}

}  // namespace

Expected<RawHeader> read_raw_header(std::string_view content) {
  RawHeader out;
  auto rest = content;
  std::size_t fields = 0;
  while (!rest.empty() && !rest.starts_with("\r\n")) {
    if (++fields > kMaxRawFields) {
      return fail(ErrorCode::limit, fmt::format("The header has more than {} fields", kMaxRawFields));
    }
    const auto field = take_field(rest);
    const auto colon = field.find(':');
    auto name = field.substr(0, colon);
    while (name.ends_with(' ') || name.ends_with('\t'))
      name.remove_suffix(1);  // RFC 5322 §4.5: obsolete, legal
    if (colon == std::string_view::npos || !message::is_field_name(name)) {
      return fail(ErrorCode::invalid_input,
                  fmt::format("Field {} of the header is not a field: \"Name: value\" or an "
                              "empty line is missing",
                              fields));
    }
    const bool from = same(name, "from");
    if (from && out.from) return fail(ErrorCode::invalid_input, "The header has several From fields");
    if (from) out.from_domain = domain_of_from(field.substr(colon + 1));
    out.from = out.from || from;
    out.date = out.date || same(name, "date");
    out.message_id = out.message_id || same(name, "message-id");
  }
  const auto lines = content.substr(0, content.size() - rest.size());
  out.non_ascii =
      std::any_of(lines.begin(), lines.end(), [](char c) { return static_cast<unsigned char>(c) > 127; });
  out.bytes = lines.size() + (rest.empty() ? 0 : 2);
  return out;
}

}  // namespace sluice::delivery
