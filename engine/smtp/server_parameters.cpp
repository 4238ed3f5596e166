#include "engine/smtp/server_parameters.hpp"

#include <charconv>

#include "engine/smtp/server_text.hpp"

namespace sluice::smtp {
namespace {

using message::Reply;

Reply malformed(std::string text) { return Reply{501, {5, 5, 4}, std::move(text)}; }

struct Parameter {
  std::string_view key;
  std::string_view value;
  bool has_value = false;
};

/// Takes " KEY[=VALUE]" from the front of `rest` (RFC 5321 §4.1.2 esmtp-param).
std::optional<Parameter> take_parameter(std::string_view& rest) {
  if (!rest.starts_with(' ')) return std::nullopt;
  rest.remove_prefix(1);
  const auto word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(word.size());
  Parameter out;
  const auto equals = word.find('=');
  out.key = word.substr(0, equals);
  if (out.key.empty() || !is_alnum(out.key.front())) return std::nullopt;
  for (const char c : out.key) {
    if (!is_alnum(c) && c != '-') return std::nullopt;
  }
  if (equals == std::string_view::npos) return out;
  out.has_value = true;
  out.value = word.substr(equals + 1);
  if (out.value.empty() || out.value.contains('=')) return std::nullopt;
  return out;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint8_t> parse_notify(std::string_view text) {
  if (same_text(text, "NEVER")) return kNotifyNever;
  std::uint8_t bits = 0;
  for (;;) {
    const auto word = text.substr(0, text.find(','));
    const std::uint8_t bit = same_text(word, "SUCCESS")   ? kNotifySuccess
                             : same_text(word, "FAILURE") ? kNotifyFailure
                             : same_text(word, "DELAY")   ? kNotifyDelay
                                                          : 0;
    if (bit == 0 || (bits & bit) != 0) return std::nullopt;
    bits |= bit;
    if (word.size() == text.size()) return bits;
    text.remove_prefix(word.size() + 1);
  }
}

bool parse_orcpt(std::string_view text, RecipientParameters& out) {
  const auto semicolon = text.find(';');
  if (semicolon == std::string_view::npos || semicolon == 0 || text.size() > kMaxOrcptBytes) return false;
  for (const char c : text.substr(0, semicolon)) {
    if (!is_alnum(c) && c != '-') return false;
  }
  auto decoded = decode_xtext(text.substr(semicolon + 1));
  if (!decoded || decoded->empty()) return false;
  out.orcpt_type = text.substr(0, semicolon);
  out.orcpt = std::move(*decoded);
  return true;
}

enum class Taken { yes, unknown, malformed };

Taken take(const Parameter& p, const ParameterSet& offered, MailParameters& out) {
  const auto taken = [](bool good) { return good ? Taken::yes : Taken::malformed; };
  if (offered.size && same_text(p.key, "SIZE")) {
    out.size = parse_size(p.value);
    return taken(out.size.has_value());
  }
  if (offered.eight_bit_mime && same_text(p.key, "BODY")) {
    const bool eight = same_text(p.value, "8BITMIME");
    out.body = eight ? Body::eight_bit : Body::seven_bit;
    return taken(eight || same_text(p.value, "7BIT"));
  }
  if (offered.smtputf8 && same_text(p.key, "SMTPUTF8")) {
    out.smtputf8 = true;
    return taken(!p.has_value);
  }
  if (offered.dsn && same_text(p.key, "RET")) {
    const bool full = same_text(p.value, "FULL");
    out.ret = full ? Return::full : Return::headers;
    return taken(full || same_text(p.value, "HDRS"));
  }
  if (offered.dsn && same_text(p.key, "ENVID")) {
    auto decoded = decode_xtext(p.value);
    const bool good = decoded && !decoded->empty() && p.value.size() <= kMaxEnvidBytes;
    if (good) out.envid = std::move(*decoded);
    return taken(good);
  }
  return Taken::unknown;
}

Taken take(const Parameter& p, const ParameterSet& offered, RecipientParameters& out) {
  if (offered.dsn && same_text(p.key, "NOTIFY")) {
    const auto bits = parse_notify(p.value);
    if (bits) out.notify = *bits;
    return bits ? Taken::yes : Taken::malformed;
  }
  if (offered.dsn && same_text(p.key, "ORCPT"))
    return parse_orcpt(p.value, out) ? Taken::yes : Taken::malformed;
  return Taken::unknown;
}

template <class Out>
std::optional<Reply> parse_all(std::string_view text, const ParameterSet& offered, Out& out) {
  for (auto rest = text; !rest.empty();) {
    const auto before = text.substr(0, text.size() - rest.size());
    const auto parameter = take_parameter(rest);
    if (!parameter) return malformed("Malformed parameter");
    const std::string key(parameter->key.substr(0, 32));
    for (auto earlier = before; !earlier.empty();) {
      if (same_text(take_parameter(earlier)->key, parameter->key))
        return malformed("Parameter " + key + " given twice");
    }
    switch (take(*parameter, offered, out)) {
      case Taken::yes:
        break;
      case Taken::unknown:
        return Reply{555, {5, 5, 4}, "Parameter " + key + " not supported"};
      case Taken::malformed:
        return malformed("Bad value for parameter " + key);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Reply> parse_parameters(std::string_view text, const ParameterSet& offered,
                                      MailParameters& out) {
  return parse_all(text, offered, out);
}

std::optional<Reply> parse_parameters(std::string_view text, const ParameterSet& offered,
                                      RecipientParameters& out) {
  return parse_all(text, offered, out);
}

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c < 33 || c > 126 || c == '=') return std::nullopt;
    if (c != '+') {
      out.push_back(c);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace sluice::smtp
