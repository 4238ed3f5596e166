#include "engine/feedback/return_token.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"

namespace sluice::feedback {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kIdDigits = 26;
constexpr std::size_t kMacDigits = 13;
constexpr std::string_view kPurpose = "sluice return token 1";
static_assert(kTokenBytes == kIdDigits + 1 + 1 + kMacDigits);

std::string mac_of(const TokenKey& key, const MessageId& id) {
  std::string text(kPurpose);
  put_be<8>(text, id.high);
  put_be<8>(text, id.low);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  const auto* made = HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
  SLUICE_ASSERT(made != nullptr && length == 32);
  std::string out;
  unsigned bits = 0, held = 0;
  for (std::size_t at = 0; out.size() < kMacDigits; ++at) {
    held = (held << 8) | digest[at];
    for (bits += 8; bits >= 5 && out.size() < kMacDigits; bits -= 5)
      out += kAlphabet[(held >> (bits - 5)) & 31];
    held &= 0xff;
  }
  return out;
}

}  // namespace

std::string make_token(const TokenKey& key, const MessageId& id) {
  auto out = id.text();
  out += '-';
  out += kAlphabet[key.number % kTokenKeys];
  return out += mac_of(key, id);
}

std::optional<TokenParts> read_token(std::string_view text) {
  if (text.size() != kTokenBytes || text[kIdDigits] != '-') return std::nullopt;
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  const auto id = MessageId::parse(std::string_view(lower).substr(0, kIdDigits));
  const auto key = kAlphabet.find(lower[kIdDigits + 1]);
  auto mac = lower.substr(kIdDigits + 2);
  if (!id || key == std::string_view::npos) return std::nullopt;
  if (mac.find_first_not_of(kAlphabet) != std::string::npos) return std::nullopt;
  return TokenParts{*id, static_cast<std::uint8_t>(key), std::move(mac)};
}

bool signed_by(const TokenKey& key, const TokenParts& token) {
  if (key.number != token.key) return false;
  const auto mac = mac_of(key, token.id);
  return mac.size() == token.mac.size() && CRYPTO_memcmp(mac.data(), token.mac.data(), mac.size()) == 0;
}

}  // namespace sluice::feedback
