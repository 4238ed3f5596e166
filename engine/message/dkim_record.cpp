#include "engine/message/dkim_record.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/message/encoding.hpp"

namespace sluice::message {
namespace {

constexpr std::size_t kMaxTxtString = 255;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_tag_name(std::string_view name) {
  const auto alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && alpha(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return alpha(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// Does the colon-separated `list` hold `item`?
bool lists(std::string_view list, std::string_view item) {
  while (true) {
    const auto colon = list.find(':');
    if (trimmed(list.substr(0, colon)) == item) return true;
    if (colon == std::string_view::npos) return false;
    list.remove_prefix(colon + 1);
  }
}

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

}  // namespace

Expected<std::vector<DkimTag>> parse_dkim_tags(std::string_view text) {
  std::vector<DkimTag> tags;
  while (!trimmed(text).empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const auto spec = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = spec.find('=');
    if (equals == std::string_view::npos) return wrong("a tag has no '='");
    const auto name = trimmed(spec.substr(0, equals));
    if (!is_tag_name(name)) return wrong("a tag has no proper name");
    if (find_tag(tags, name) != nullptr) return wrong(fmt::format("the tag {}= is there twice", name));
    if (tags.size() == kMaxDkimTags) return fail(ErrorCode::limit, "there are too many tags");
    tags.push_back({name, trimmed(spec.substr(equals + 1))});
  }
  return tags;
}

const std::string_view* find_tag(const std::vector<DkimTag>& tags, std::string_view name) {
  const auto found = std::ranges::find(tags, name, &DkimTag::name);
  return found == tags.end() ? nullptr : &found->value;
}

Expected<DkimRecord> parse_dkim_record(std::string_view text) {
  if (text.size() > kMaxDkimRecordBytes) return fail(ErrorCode::limit, "the key record is too long");
  const auto tags = parse_dkim_tags(text);
  if (!tags) return fail(tags.error(), "the key record");
  if (const auto* v = find_tag(*tags, "v"); v != nullptr && (*v != "DKIM1" || tags->front().name != "v"))
    return wrong("the key record is not v=DKIM1");
  DkimRecord record;
  const auto* k = find_tag(*tags, "k");
  if (k != nullptr && *k == "ed25519")
    record.algorithm = DkimAlgorithm::ed25519_sha256;
  else if (k != nullptr && *k != "rsa")
    return wrong("the key record's k= is neither rsa nor ed25519");
  if (const auto* h = find_tag(*tags, "h"); h != nullptr && !lists(*h, "sha256"))
    return wrong("the key record's h= does not allow sha256");
  if (const auto* s = find_tag(*tags, "s"); s != nullptr && !lists(*s, "*") && !lists(*s, "email"))
    return wrong("the key record's s= does not allow email");
  if (const auto* t = find_tag(*tags, "t"); t != nullptr) {
    record.testing = lists(*t, "y");
    record.strict_domain = lists(*t, "s");
  }
  const auto* p = find_tag(*tags, "p");
  if (p == nullptr) return wrong("the key record has no p=");
  auto bytes = decode_base64(*p);
  if (!bytes) return wrong("the key record's p= is no base64");
  record.public_bytes = std::move(*bytes);
  return record;
}

std::string dkim_record_name(std::string_view selector, std::string_view domain) {
  return fmt::format("{}._domainkey.{}", selector, domain);
}

std::string dkim_record_text(const DkimKey& key) {
  std::string text =
      key.algorithm() == DkimAlgorithm::rsa_sha256 ? "v=DKIM1; k=rsa; p=" : "v=DKIM1; k=ed25519; p=";
  append_base64(text, key.public_bytes());
  return text;
}

std::string quote_txt(std::string_view text) {
  std::string out;
  do {
    if (!out.empty()) out += ' ';
    out += '"';
    for (const char c : text.substr(0, kMaxTxtString)) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
    text.remove_prefix(std::min(text.size(), kMaxTxtString));
  } while (!text.empty());
  return out;
}

std::string dkim_zone_line(const DkimKey& key) {
  return fmt::format("{}. IN TXT ( {} )", dkim_record_name(key.selector(), key.domain()),
                     quote_txt(dkim_record_text(key)));
}

}  // namespace sluice::message
