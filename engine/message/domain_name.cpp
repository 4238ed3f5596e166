#include "engine/message/domain_name.hpp"

#include <fmt/format.h>
#include <idn2.h>

#include <array>
#include <memory>

namespace sluice::message {

namespace {

constexpr std::size_t kMaxUnicodeBytes = 1024;  // 255 bytes of A-labels never come from more

using IdnText = std::unique_ptr<char, decltype(&idn2_free)>;

/// By byte: its lower-case form if it may be in a host name label, 0 if not.
constexpr std::array<char, 256> kHostByte = [] {
  std::array<char, 256> table{};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = static_cast<char>(c);
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = static_cast<char>(c);
  table['-'] = '-';
  return table;
}();

std::unexpected<Error> refuse(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

/// Lower-cases an ASCII domain into `out` and checks it; `punycode` tells of labels that begin with xn--.
Expected<> append_ascii(std::string_view domain, bool single_label, std::string& out, bool& punycode) {
  if (domain.size() > kMaxDomainBytes) {
    return refuse(
        fmt::format("the domain has {} bytes; at most {} are allowed", domain.size(), kMaxDomainBytes));
  }
  const auto start = out.size();
  out.resize(start + domain.size());
  char* to = out.data() + start;
  std::size_t label = 0;  // where the current one begins
  std::size_t labels = 1;
  bool digits = true;  // the current label has only digits
  std::string why;
  for (std::size_t i = 0; i <= domain.size() && why.empty(); ++i) {
    const char c = i < domain.size() ? domain[i] : '.';
    if (c != '.') {
      const char lower = kHostByte[static_cast<unsigned char>(c)];
      to[i] = lower;
      digits = digits && c >= '0' && c <= '9';
      if (lower != 0) continue;
      why = c > ' ' && c < 127
                ? fmt::format("'{}' cannot be in a domain", c)
                : fmt::format("the byte 0x{:02x} cannot be in a domain", static_cast<unsigned char>(c));
      break;
    }
    const auto size = i - label;
    if (size == 0) {
      why = domain.empty()       ? "the domain behind the @ is missing"
            : i == domain.size() ? "the domain ends in a dot"
            : i == 0             ? "the domain begins with a dot"
                                 : "two dots in a row in the domain";
    } else if (size > kMaxLabelBytes) {
      why = fmt::format("a part of the domain has {} bytes; at most {} are allowed", size, kMaxLabelBytes);
    } else if (to[label] == '-' || to[i - 1] == '-') {
      why = "a part of the domain begins or ends with '-'";
    } else {
      punycode = punycode || std::string_view(to + label, size).starts_with("xn--");
    }
    if (i == domain.size()) break;
    to[i] = '.';
    label = i + 1;
    digits = true;
    ++labels;
  }
  if (why.empty() && digits) why = "the domain ends in a number; an IP address needs brackets: [192.0.2.1]";
  if (why.empty() && labels == 1 && !single_label)
    why = "the domain has no dot; a public domain has a top level";
  if (why.empty()) return {};
  out.resize(start);
  return refuse(std::move(why));
}

bool ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

/// UTS #46 of a domain that is not plain: U-labels, or A-labels whose contents must be looked at.
Expected<std::string> to_a_labels(std::string_view domain) {
  if (domain.size() > kMaxUnicodeBytes) return refuse(fmt::format("the domain has {} bytes", domain.size()));
  if (domain.find('\0') != std::string_view::npos) return refuse("a zero byte cannot be in a domain");
  char* raw = nullptr;
  const int result =
      idn2_to_ascii_8z(std::string(domain).c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const IdnText text(raw, &idn2_free);
  if (result != IDN2_OK) {
    return refuse(fmt::format("the domain is no internationalised domain name ({})", idn2_strerror(result)));
  }
  return std::string(text.get());
}

}  // namespace

Expected<> append_domain(std::string_view domain, bool single_label, std::string& out) {
  const auto start = out.size();
  bool punycode = false;
  if (ascii(domain)) {
    auto fine = append_ascii(domain, single_label, out, punycode);
    if (!fine || !punycode) return fine;
    out.resize(start);
  }
  const auto labels = to_a_labels(domain);
  if (!labels) return std::unexpected(labels.error());
  return append_ascii(*labels, single_label, out, punycode);
}

std::string display_domain(std::string_view a_labels) {
  const std::string labels(a_labels);
  if (labels.find("xn--") == std::string::npos) return labels;
  char* raw = nullptr;
  const int result = idn2_to_unicode_8z8z(labels.c_str(), &raw, 0);
  const IdnText text(raw, &idn2_free);
  return result == IDN2_OK ? std::string(text.get()) : labels;
}

}  // namespace sluice::message
