#include "engine/message/dkim_signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/message/encoding.hpp"

namespace sluice::message {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::unexpected<Error> wrong(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

Expected<> read_number(const std::vector<DkimTag>& tags, std::string_view name,
                       std::optional<std::uint64_t>& out) {
  const auto* text = find_tag(tags, name);
  if (text == nullptr) return {};
  std::uint64_t value = 0;
  const auto* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end) return wrong(fmt::format("{}= is no number", name));
  out = value;
  return {};
}

Expected<> read_forms(const std::vector<DkimTag>& tags, DkimSignature& out) {
  const auto* c = find_tag(tags, "c");
  const auto forms = c == nullptr ? std::string_view("simple") : *c;
  const auto slash = forms.find('/');
  const auto header = forms.substr(0, slash);
  const auto body = slash == std::string_view::npos ? std::string_view("simple") : forms.substr(slash + 1);
  const auto known = [](std::string_view form) { return form == "relaxed" || form == "simple"; };
  if (!known(header) || !known(body)) return wrong("c= names a form that is neither simple nor relaxed");
  out.relaxed_header = header == "relaxed";
  out.relaxed_body = body == "relaxed";
  return {};
}

Expected<> read_names(std::string_view list, DkimSignature& out) {
  bool from = false;
  for (bool more = true; more;) {
    const auto colon = list.find(':');
    auto name = list.substr(0, colon);
    name.remove_prefix(std::min(name.find_first_not_of(kSpace), name.size()));
    name = name.substr(0, name.find_last_not_of(kSpace) + 1);
    if (name.empty()) return wrong("h= has an empty name");
    from |= same(name, "from");
    out.names.push_back(name);
    more = colon != std::string_view::npos;
    if (more) list.remove_prefix(colon + 1);
  }
  if (!from) return wrong("h= does not sign From");
  return {};
}

Expected<> read_identity(const std::vector<DkimTag>& tags, DkimSignature& out) {
  const auto* i = find_tag(tags, "i");
  if (i == nullptr) return {};
  const auto at = i->rfind('@');
  if (at == std::string_view::npos) return wrong("i= has no @");
  out.identity_domain = i->substr(at + 1);
  const auto extra = out.identity_domain.size() - std::min(out.domain.size(), out.identity_domain.size());
  const bool inside = same(out.identity_domain.substr(extra), out.domain) &&
                      (extra == 0 || out.identity_domain[extra - 1] == '.');
  if (!inside) return wrong("i= is not in the domain of d=");
  return {};
}

Expected<> read_times(const std::vector<DkimTag>& tags, DkimSignature& out) {
  if (auto done = read_number(tags, "l", out.length); !done) return done;
  if (auto done = read_number(tags, "t", out.stamped); !done) return done;
  if (auto done = read_number(tags, "x", out.expires); !done) return done;
  if (out.stamped && out.expires && *out.expires < *out.stamped) return wrong("x= lies before t=");
  return {};
}

}  // namespace

Expected<DkimSignature> parse_dkim_signature(const std::vector<DkimTag>& tags) {
  const auto text = [&](std::string_view name) {
    const auto* value = find_tag(tags, name);
    return value == nullptr ? std::string_view() : *value;
  };
  for (const auto name : {"v", "a", "b", "bh", "d", "h", "s"})
    if (text(name).empty()) return wrong(fmt::format("{}= is missing or empty", name));
  if (text("v") != "1") return wrong("v= is not 1");
  DkimSignature out;
  out.domain = text("d");
  out.selector = text("s");
  if (text("a") == "ed25519-sha256")
    out.algorithm = DkimAlgorithm::ed25519_sha256;
  else if (text("a") != "rsa-sha256")
    return wrong("a= is neither rsa-sha256 nor ed25519-sha256");
  if (auto done = read_forms(tags, out); !done) return std::unexpected(std::move(done.error()));
  if (auto done = read_names(text("h"), out); !done) return std::unexpected(std::move(done.error()));
  if (auto done = read_identity(tags, out); !done) return std::unexpected(std::move(done.error()));
  if (auto done = read_times(tags, out); !done) return std::unexpected(std::move(done.error()));
  auto bytes = decode_base64(text("b"));
  auto hash = decode_base64(text("bh"));
  if (!bytes || !hash) return wrong("b= or bh= is no base64");
  out.bytes = std::move(*bytes);
  out.body_hash = std::move(*hash);
  return out;
}

std::string without_signature(std::string_view raw, std::string_view b) {
  const auto at = static_cast<std::size_t>(b.data() - raw.data());
  std::string out(raw.substr(0, at));
  // Blank space around the value belongs to it.
  while (!out.empty() && out.back() != '=') out.pop_back();
  const auto rest = raw.substr(at + b.size());
  const auto semicolon = rest.find(';');
  if (semicolon != std::string_view::npos) out += rest.substr(semicolon);
  if (out.ends_with("\r\n")) out.resize(out.size() - 2);
  return out;
}

}  // namespace sluice::message
