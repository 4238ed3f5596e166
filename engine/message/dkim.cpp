#include "engine/message/dkim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/base/assert.hpp"
#include "engine/message/encoding.hpp"

namespace sluice::message {
namespace {

constexpr std::size_t kColumns = 76;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// `name` is lower case.
bool same_name(std::string_view field, std::string_view name) {
  if (field.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (lower(field[i]) != name[i]) return false;
  return true;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

// Breaks `list` after its colons.
void append_folded_list(std::string& out, std::string_view list) {
  std::size_t column = out.size() - out.rfind('\n') - 1;
  while (!list.empty()) {
    const auto colon = list.find(':');
    const auto item = list.substr(0, colon == std::string_view::npos ? colon : colon + 1);
    if (column + item.size() > kColumns && column > 1) {
      out += "\r\n ";
      column = 1;
    }
    out += item;
    column += item.size();
    list.remove_prefix(item.size());
  }
}

void append_folded_base64(std::string& out, std::string_view bytes) {
  std::string digits;
  append_base64(digits, bytes);
  std::size_t column = out.size() - out.rfind('\n') - 1;
  for (std::string_view rest = digits; !rest.empty();) {
    const auto n = std::min(rest.size(), kColumns - std::min(column, kColumns));
    out += rest.substr(0, n);
    rest.remove_prefix(n);
    if (!rest.empty()) out += "\r\n ";
    column = 1;
  }
}

}  // namespace

DkimSigner::DkimSigner(DkimOptions options)
    : options_(std::move(options)),
      sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)),
      hash_(EVP_MD_CTX_new()) {
  SLUICE_ASSERT(sha256_ && hash_);
  const auto listed = [this](std::string_view name) {
    return std::ranges::any_of(names_, [&](const SignedName& other) { return other.name == name; });
  };
  const auto add_name = [&](std::string_view given) {
    auto name = lowered(given);
    const bool oversigned =
        std::ranges::any_of(options_.oversigned, [&](const auto& o) { return lowered(o) == name; });
    if (!listed(name)) names_.push_back({std::move(name), oversigned});
  };
  add_name("from");  // RFC 6376 5.4: From must be signed, whatever the list says
  for (const auto& name : options_.fields) add_name(name);
  for (const auto& name : options_.oversigned) add_name(name);
}

Expected<> DkimSigner::add(DkimKey key) {
  const auto mine = keys_of(key.domain());
  for (const auto& other : mine) {
    if (other.selector() == key.selector()) {
      return fail(ErrorCode::conflict,
                  fmt::format("two DKIM keys have domain {} and selector {}", key.domain(), key.selector()));
    }
  }
  if (mine.size() >= options_.max_keys_per_domain) {
    return fail(ErrorCode::limit, fmt::format("{} has more than {} DKIM keys (max_keys_per_domain)",
                                              key.domain(), options_.max_keys_per_domain));
  }
  const auto at = std::ranges::upper_bound(keys_, key.domain(), {}, &DkimKey::domain);
  keys_.insert(at, std::move(key));
  return {};
}

Expected<DkimSigner> DkimSigner::clone() const {
  DkimSigner copy(options_);
  for (const auto& key : keys_) {
    auto mine = key.clone();
    if (!mine) return std::unexpected(std::move(mine.error()));
    copy.keys_.push_back(std::move(*mine));
  }
  return copy;
}

std::span<DkimKey> DkimSigner::keys_of(std::string_view domain) {
  const auto before = [](std::string_view a, std::string_view b) {
    return std::ranges::lexicographical_compare(a, b, [](char x, char y) { return lower(x) < lower(y); });
  };
  const auto found = std::ranges::equal_range(keys_, domain, before, &DkimKey::domain);
  return {found.begin(), found.end()};
}

bool DkimSigner::has(std::string_view domain) const {
  return std::ranges::any_of(keys_, [&](const DkimKey& key) { return same_name(domain, key.domain()); });
}

Expected<> DkimSigner::split(std::string_view header) {
  fields_.clear();
  while (!header.empty() && header != "\r\n") {
    std::size_t end = 0;
    do {
      const auto line = header.find("\r\n", end);
      if (line == std::string_view::npos)
        return fail(ErrorCode::invalid_input, "the header to sign has a line without CRLF");
      end = line + 2;
    } while (end < header.size() && (header[end] == ' ' || header[end] == '\t'));
    const auto raw = header.substr(0, end);
    const auto colon = raw.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return fail(ErrorCode::invalid_input, "the header to sign has a line that is no field");
    if (fields_.size() == options_.max_header_fields)
      return fail(ErrorCode::limit,
                  fmt::format("the header to sign has more than {} fields (max_header_fields)",
                              options_.max_header_fields));
    auto name = raw.substr(0, colon);
    while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
    fields_.push_back({name, raw});
    header.remove_prefix(end);
  }
  return {};
}

// Repeated fields are signed from the last to the first (RFC 6376 5.4.2).
Expected<> DkimSigner::select() {
  signed_names_.clear();
  signed_header_.clear();
  for (const auto& [name, oversigned] : names_) {
    bool present = false;
    for (auto field = fields_.rbegin(); field != fields_.rend(); ++field) {
      if (!same_name(field->name, name)) continue;
      present = true;
      signed_names_ += name;
      signed_names_ += ':';
      append_relaxed_field(signed_header_, field->raw);
    }
    if (!present && &name == &names_.front().name)
      return fail(ErrorCode::invalid_input, "the header to sign has no From");
    if (oversigned) {
      signed_names_ += name;
      signed_names_ += ':';
    }
  }
  signed_names_.pop_back();
  return {};
}

void DkimSigner::hash_body(BodyPieces body, DkimDigest& digest) {
  EVP_DigestInit_ex2(hash_.get(), sha256_.get(), nullptr);
  const auto feed = [this](std::string_view bytes) {
    EVP_DigestUpdate(hash_.get(), bytes.data(), bytes.size());
  };
  canonical_.reset();
  for (auto piece : body)
    while (!piece.empty()) feed(canonical_.take(piece));
  for (auto last = canonical_.finish(); !last.empty(); last = canonical_.finish()) feed(last);
  EVP_DigestFinal_ex(hash_.get(), digest.data(), nullptr);
}

void DkimSigner::write_field(const DkimKey& key, Instant now, std::string& out) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  out = "DKIM-Signature: v=1; a=";
  out += name_of(key.algorithm());
  out += "; c=relaxed/relaxed;\r\n d=";
  out += key.domain();
  out += "; s=";
  out += key.selector();
  fmt::format_to(std::back_inserter(out), ";\r\n t={};", seconds);
  if (options_.lifetime)
    fmt::format_to(std::back_inserter(out), " x={};", seconds + options_.lifetime->count());
  out += "\r\n h=";
  append_folded_list(out, signed_names_);
  out += ";\r\n bh=";
  out += body_hash_;
  out += ";\r\n b=";
}

Expected<std::size_t> DkimSigner::prepare(std::string_view header, BodyPieces body,
                                          std::string_view from_domain, Instant now, DkimDraft& draft) {
  draft.used_ = 0;
  const auto keys = keys_of(from_domain);
  if (keys.empty()) return 0;
  if (auto done = split(header); !done) return std::unexpected(std::move(done.error()));
  if (auto done = select(); !done) return std::unexpected(std::move(done.error()));
  DkimDigest digest;
  hash_body(body, digest);
  body_hash_.clear();
  append_base64(body_hash_, {reinterpret_cast<const char*>(digest.data()), digest.size()});
  if (draft.all_.size() < keys.size()) draft.all_.resize(keys.size());
  const auto fields_end = signed_header_.size();
  for (auto& key : keys) {
    auto& signature = draft.all_[draft.used_++];
    signature.key = &key;
    signature.bytes.clear();
    write_field(key, now, signature.field);
    signed_header_.resize(fields_end);
    append_relaxed_field(signed_header_, signature.field);
    EVP_DigestInit_ex2(hash_.get(), sha256_.get(), nullptr);
    EVP_DigestUpdate(hash_.get(), signed_header_.data(),
                     signed_header_.size() - 2);  // its own CRLF is not hashed
    EVP_DigestFinal_ex(hash_.get(), signature.digest.data(), nullptr);
  }
  return draft.used_;
}

void DkimSigner::assemble(const DkimDraft& draft, std::string& out) {
  for (const auto& signature : draft.signatures()) {
    out += signature.field;
    append_folded_base64(out, signature.bytes);
    out += "\r\n";
  }
}

Expected<std::size_t> DkimSigner::sign(std::string_view header, BodyPieces body, std::string_view from_domain,
                                       Instant now, std::string& out) {
  const auto count = prepare(header, body, from_domain, now, draft_);
  if (!count) return count;
  for (auto& signature : draft_.signatures()) {
    if (auto done = signature.key->sign(signature.digest, signature.bytes); !done)
      return std::unexpected(std::move(done.error()));
  }
  assemble(draft_, out);
  return count;
}

}  // namespace sluice::message
