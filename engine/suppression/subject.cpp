#include "engine/suppression/subject.hpp"

#include "engine/base/bytes.hpp"
#include "engine/message/address.hpp"

namespace sluice::suppression {
namespace {

constexpr message::AddressOptions kForms{.trim = true, .address_literal = true, .single_label = true};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

}  // namespace

Expected<Subject> Subject::parse(std::string_view text) {
  text = trimmed(text);
  Subject out;
  const auto at = text.rfind('@');
  if (at == 0 || (at == std::string_view::npos && text.find('.') != std::string_view::npos)) {
    out.key = "@";
    auto domain = message::append_domain(text.substr(at == 0 ? 1 : 0), true, out.key);
    if (!domain) return std::unexpected(domain.error());
    return out;
  }
  const auto address = message::parse_address(text, kForms);
  if (!address) return std::unexpected(address.error());
  address->append_key(out.key);
  return out;
}

void append_key(std::string_view local, std::string_view domain, std::string& out) {
  if (local.starts_with('"')) {
    std::string text(local);
    text.append(1, '@').append(domain);
    if (const auto address = message::parse_address(text, kForms)) return address->append_key(out);
  }
  for (const char c : local) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  out.append(1, '@').append(domain);
}

std::string hash_bytes(const Hash128& hash) {
  std::string out;
  put_be<8>(out, hash.low);
  put_be<8>(out, hash.high);
  return out;
}

Hash128 hash_of(std::string_view bytes) { return {get_be<8>(bytes.data()), get_be<8>(bytes.data() + 8)}; }

}  // namespace sluice::suppression
