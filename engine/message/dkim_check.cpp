#include "engine/message/dkim_check.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <optional>

#include "engine/message/dkim_canon.hpp"
#include "engine/message/dkim_record.hpp"
#include "engine/message/dkim_signature.hpp"

namespace sluice::message {
namespace {

struct Field {
  std::string_view name;
  std::string_view raw;  // with its CRLF
};

struct Failure {
  DkimResult result;
  std::string reason;
};
template <class T = void>
using Checked = std::expected<T, Failure>;

std::unexpected<Failure> broken(std::string reason) {
  return std::unexpected(Failure{DkimResult::permerror, std::move(reason)});
}
std::unexpected<Failure> failed(std::string reason) {
  return std::unexpected(Failure{DkimResult::fail, std::move(reason)});
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}
bool is_blank(char c) { return c == ' ' || c == '\t'; }

Checked<std::vector<Field>> split(std::string_view header, std::size_t most) {
  std::vector<Field> fields;
  while (!header.empty() && !header.starts_with("\r\n")) {
    std::size_t end = 0;
    do {
      const auto line = header.find("\r\n", end);
      end = line == std::string_view::npos ? header.size() : line + 2;
    } while (end < header.size() && is_blank(header[end]));
    const auto raw = header.substr(0, end);
    header.remove_prefix(end);
    const auto colon = raw.find(':');
    if (colon == std::string_view::npos) return broken("the header has a line that is no field");
    auto name = raw.substr(0, colon);
    while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
    if (fields.size() == most) return broken("the header has too many fields");
    fields.push_back({name, raw});
  }
  return fields;
}

class Sha256 {
 public:
  Sha256() : ctx_(EVP_MD_CTX_new()) { EVP_DigestInit_ex2(ctx_.get(), EVP_sha256(), nullptr); }
  void update(std::string_view bytes) { EVP_DigestUpdate(ctx_.get(), bytes.data(), bytes.size()); }
  DkimDigest final() {
    DkimDigest digest;
    EVP_DigestFinal_ex(ctx_.get(), digest.data(), nullptr);
    return digest;
  }

 private:
  MdCtxPtr ctx_;
};

// `left` canonical bytes are hashed at most; false when l= asks for more than there are.
template <class Body>
bool hash_body(Body canonical, std::span<const std::string_view> pieces, std::optional<std::uint64_t> length,
               DkimDigest& digest) {
  Sha256 hash;
  auto left = length.value_or(UINT64_MAX);
  const auto feed = [&](std::string_view bytes) {
    const auto n = std::min<std::uint64_t>(bytes.size(), left);
    hash.update(bytes.substr(0, n));
    left -= n;
  };
  for (auto piece : pieces)
    while (!piece.empty()) feed(canonical.take(piece));
  for (auto last = canonical.finish(); !last.empty(); last = canonical.finish()) feed(last);
  digest = hash.final();
  return !length || left == 0;
}

DkimDigest hash_header(const std::vector<Field>& fields, const DkimSignature& signature, const Field& own,
                       std::string_view b_value) {
  std::string text;
  const auto append = [&](std::string_view raw) {
    if (signature.relaxed_header)
      append_relaxed_field(text, raw);
    else
      text += raw;
  };
  std::vector<bool> used(fields.size());
  for (const auto name : signature.names) {
    for (std::size_t i = fields.size(); i-- > 0;) {
      if (used[i] || !same(fields[i].name, name)) continue;
      used[i] = true;
      append(fields[i].raw);
      break;
    }
  }
  const auto last = without_signature(own.raw, b_value);
  append(last);
  if (signature.relaxed_header) text.resize(text.size() - 2);
  Sha256 hash;
  hash.update(text);
  return hash.final();
}

Checked<PkeyPtr> public_key(const DkimRecord& record) {
  const auto* at = reinterpret_cast<const unsigned char*>(record.public_bytes.data());
  const auto size = record.public_bytes.size();
  if (record.algorithm == DkimAlgorithm::ed25519_sha256) {
    if (size != 32) return broken("the key record's Ed25519 key has not 32 bytes");
    return PkeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, at, size));
  }
  PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(size)));
  if (!key) {
    // RFC 8017 A.1.1 without the wrapping is what RFC 6376 3.6.1 names, though nearly everybody publishes the
    // other.
    at = reinterpret_cast<const unsigned char*>(record.public_bytes.data());
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(size)));
  }
  ERR_clear_error();
  if (!key || EVP_PKEY_is_a(key.get(), "RSA") != 1) return broken("the key record's p= is no RSA key");
  const auto bits = EVP_PKEY_get_bits(key.get());
  if (bits < kMinRsaBits || bits > kMaxRsaBits)
    return broken(fmt::format("the key record's RSA key has {} bits", bits));
  return key;
}

bool matches(EVP_PKEY* key, const DkimSignature& signature, const DkimDigest& digest) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(signature.bytes.data());
  bool good = false;
  if (signature.algorithm == DkimAlgorithm::ed25519_sha256) {
    const MdCtxPtr ctx(EVP_MD_CTX_new());
    good = EVP_DigestVerifyInit(ctx.get(), nullptr, nullptr, nullptr, key) == 1 &&
           EVP_DigestVerify(ctx.get(), bytes, signature.bytes.size(), digest.data(), digest.size()) == 1;
  } else {
    const PkeyCtxPtr ctx(EVP_PKEY_CTX_new(key, nullptr));
    good = EVP_PKEY_verify_init(ctx.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_padding(ctx.get(), RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(ctx.get(), EVP_sha256()) == 1 &&
           EVP_PKEY_verify(ctx.get(), bytes, signature.bytes.size(), digest.data(), digest.size()) == 1;
  }
  ERR_clear_error();
  return good;
}

Checked<DkimRecord> fetch_key(const DkimKeyLookup& lookup, DkimVerdict& verdict) {
  const auto text = lookup(dkim_record_name(verdict.selector, verdict.domain));
  if (!text) {
    const auto result =
        text.error().code == ErrorCode::not_found ? DkimResult::permerror : DkimResult::temperror;
    return std::unexpected(Failure{result, "no key: " + text.error().text});
  }
  auto record = parse_dkim_record(*text);
  if (!record) return broken(record.error().text);
  if (record->public_bytes.empty()) return broken("the key was revoked (p= is empty)");
  verdict.testing = record->testing;
  return std::move(*record);
}

Checked<> check_one(const std::vector<Field>& fields, const Field& own,
                    std::span<const std::string_view> body, const DkimKeyLookup& lookup, Instant now,
                    DkimVerdict& verdict) {
  const auto tags = parse_dkim_tags(own.raw.substr(own.raw.find(':') + 1));
  if (!tags) return broken(tags.error().text);
  const auto text = [&](std::string_view name) {
    const auto* value = find_tag(*tags, name);
    return value == nullptr ? std::string_view() : *value;
  };
  verdict.domain = text("d");
  verdict.selector = text("s");
  verdict.algorithm = text("a");
  const auto signature = parse_dkim_signature(*tags);
  if (!signature) return broken(signature.error().text);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (signature->expires && seconds >= 0 && *signature->expires < static_cast<std::uint64_t>(seconds))
    return broken("the signature has expired (x=)");
  const auto record = fetch_key(lookup, verdict);
  if (!record) return std::unexpected(record.error());
  if (record->algorithm != signature->algorithm)
    return broken("the key record's k= is not the signature's kind");
  if (record->strict_domain && !signature->identity_domain.empty() &&
      !same(signature->identity_domain, verdict.domain))
    return broken("the key record forbids an i= below d= (t=s)");
  const auto key = public_key(*record);
  if (!key) return std::unexpected(key.error());
  DkimDigest digest;
  const bool whole = signature->relaxed_body ? hash_body(RelaxedBody(), body, signature->length, digest)
                                             : hash_body(SimpleBody(), body, signature->length, digest);
  if (!whole) return broken("l= is more than the body has");
  if (!std::ranges::equal(digest, signature->body_hash,
                          [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); }))
    return failed("the body was changed (bh= differs)");
  const auto header = hash_header(fields, *signature, own, text("b"));
  if (!matches(key->get(), *signature, header)) return failed("the signature does not match the header");
  return {};
}

}  // namespace

std::string_view name_of(DkimResult result) {
  switch (result) {
    case DkimResult::pass:
      return "pass";
    case DkimResult::fail:
      return "fail";
    case DkimResult::permerror:
      return "permerror";
    case DkimResult::temperror:
      return "temperror";
  }
  return "permerror";
}

std::vector<DkimVerdict> check_dkim(std::string_view header, std::span<const std::string_view> body,
                                    const DkimKeyLookup& lookup, Instant now,
                                    const DkimCheckOptions& options) {
  std::vector<DkimVerdict> verdicts;
  const auto fields = split(header, options.max_header_fields);
  if (!fields) {
    auto& verdict = verdicts.emplace_back();
    verdict.result = fields.error().result;
    verdict.reason = fields.error().reason;
    return verdicts;
  }
  for (const auto& field : *fields) {
    if (!same(field.name, "dkim-signature")) continue;
    if (verdicts.size() == options.max_signatures) break;
    auto& verdict = verdicts.emplace_back();
    const Checked<> done = field.raw.size() > options.max_signature_bytes
                               ? broken("the signature is too long")
                               : check_one(*fields, field, body, lookup, now, verdict);
    verdict.result = done ? DkimResult::pass : done.error().result;
    if (!done) verdict.reason = done.error().reason;
  }
  return verdicts;
}

std::vector<DkimVerdict> check_dkim(std::string_view message, const DkimKeyLookup& lookup, Instant now,
                                    const DkimCheckOptions& options) {
  const auto end = message.starts_with("\r\n") ? std::size_t{0} : message.find("\r\n\r\n");
  if (end == std::string_view::npos) return check_dkim(message, {}, lookup, now, options);
  const auto header =
      end == 0 && message.starts_with("\r\n") ? std::string_view() : message.substr(0, end + 2);
  const auto body = message.substr(header.size() + 2);
  return check_dkim(header, std::span(&body, 1), lookup, now, options);
}

}  // namespace sluice::message
