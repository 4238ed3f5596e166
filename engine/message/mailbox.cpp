#include "engine/message/mailbox.hpp"

#include <fmt/format.h>

namespace sluice::message {

namespace {

constexpr std::string_view kBlanks = " \t";

std::unexpected<Error> refuse(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

/// Cuts a quoted string off the front of `rest` (which begins with its quote), decoded onto `out`.
Expected<> take_quoted(std::string_view& rest, std::string& out) {
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return {};
    }
    if (rest[i] == '\\' && ++i == rest.size()) break;
    out += rest[i];
  }
  return refuse("a quote in the display name is never closed");
}

/// Cuts a comment off the front; comments nest (RFC 5322 3.2.2).
Expected<> skip_comment(std::string_view& rest) {
  std::size_t open = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '(') {
      ++open;
    } else if (rest[i] == ')' && --open == 0) {
      rest.remove_prefix(i + 1);
      return {};
    }
  }
  return refuse("a comment's ( is never closed");
}

/// The words in front of '<', decoded and joined by single spaces; `rest` is left at the '<' or at the end.
Expected<std::string> take_phrase(std::string_view& rest) {
  std::string name;
  bool gap = false;
  while (!rest.empty() && rest.front() != '<') {
    const char c = rest.front();
    if (kBlanks.find(c) != std::string_view::npos) {
      gap = true;
      rest.remove_prefix(1);
      continue;
    }
    if (c == '(') {
      if (auto fine = skip_comment(rest); !fine) return std::unexpected(fine.error());
      gap = true;
      continue;
    }
    if (gap && !name.empty()) name += ' ';
    gap = false;
    if (c == '"') {
      if (auto fine = take_quoted(rest, name); !fine) return std::unexpected(fine.error());
      continue;
    }
    if (c == ',' || c == ';' || c == ':') {
      return refuse(
          fmt::format("'{}' outside quotes; there can be one mailbox only, and a name with '{}' is written "
                      "in quotes: \"Shop{} Inc\" <a@shop.test>",
                      c, c, c));
    }
    if (c == '>' || c == ')' || c == '@') {
      return refuse(fmt::format("'{}' does not belong here; write Name <local@domain>", c));
    }
    name += c;
    rest.remove_prefix(1);
  }
  return name;
}

/// Only blanks and comments may be left.
Expected<> expect_end(std::string_view rest) {
  while (!rest.empty()) {
    if (rest.front() == '(') {
      if (auto fine = skip_comment(rest); !fine) return fine;
    } else if (kBlanks.find(rest.front()) != std::string_view::npos) {
      rest.remove_prefix(1);
    } else {
      return refuse("something follows the address; there can be one mailbox only");
    }
  }
  return {};
}

/// The '>' that ends the address: not one inside a quoted local part.
std::size_t closing_bracket(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '>' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

/// `ann@shop.test`, perhaps with comments around it.
Expected<Mailbox> bare_address(std::string_view text, const AddressOptions& options) {
  Mailbox mailbox;
  auto rest = text;
  while (!rest.empty() && (rest.front() == '(' || kBlanks.find(rest.front()) != std::string_view::npos)) {
    if (rest.front() != '(') {
      rest.remove_prefix(1);
    } else if (auto fine = skip_comment(rest); !fine) {
      return std::unexpected(fine.error());
    }
  }
  std::size_t end = rest.size();
  if (!rest.starts_with('"')) end = std::min(rest.find('('), rest.size());
  if (auto fine = expect_end(rest.substr(end)); !fine) return std::unexpected(fine.error());
  if (auto fine = parse_address(rest.substr(0, end), options, mailbox.address); !fine) {
    return std::unexpected(fine.error());
  }
  return mailbox;
}

}  // namespace

Expected<Mailbox> parse_mailbox(std::string_view text, const AddressOptions& options) {
  if (text.size() > kMaxMailboxBytes) {
    return refuse(
        fmt::format("the mailbox has {} bytes; at most {} are allowed", text.size(), kMaxMailboxBytes));
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < ' ' && c != '\t') || byte == 127) {
      return refuse(fmt::format("the control byte 0x{:02x} cannot be in a mailbox", byte));
    }
  }
  auto rest = text;
  auto name = take_phrase(rest);
  // Without a '<' it is an address alone; what take_phrase disliked, the address parser says better.
  if (text.find('<') == std::string_view::npos) return bare_address(text, options);
  if (!name) return std::unexpected(name.error());
  if (rest.empty()) return bare_address(text, options);
  rest.remove_prefix(1);
  const auto end = closing_bracket(rest);
  if (end == std::string_view::npos) return refuse("the < is never closed by a >");
  Mailbox mailbox;
  mailbox.display_name = std::move(*name);
  if (auto fine = parse_address(rest.substr(0, end), options, mailbox.address); !fine) {
    return std::unexpected(fine.error());
  }
  if (auto fine = expect_end(rest.substr(end + 1)); !fine) return std::unexpected(fine.error());
  return mailbox;
}

}  // namespace sluice::message
