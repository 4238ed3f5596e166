// The token that leads from what comes back (a bounce, a complaint, an unsubscription) to the message it is
// about: the message's id, the number of the key that signed it, and the signature.
//
//   0123456789abcdefghjkmnpqrs-k0123456789abc     id (26) '-' key (1) HMAC (13): 41 characters
//
// Guarantee: a token that verifies was made by us for that message: nobody without the key can name another
// recipient. It is the same at every attempt, because greylisting remembers MAIL FROM. The id is no secret:
// it stands in the Message-ID anyway. HMAC-SHA-256 is cut to 65 bits; guessing is on-line only, and every
// guess costs a session or a request.
//
// Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/id.hpp"

namespace sluice::feedback {

struct TokenKey {
  std::uint8_t number = 0;    ///< 0-31: stands in the token
  std::int64_t since_ms = 0;  ///< streams made from then on are signed with it
  std::array<unsigned char, 32> secret{};
};

inline constexpr std::size_t kTokenBytes = 41;
inline constexpr unsigned kTokenKeys = 32;  ///< numbers there are; they come round again

[[nodiscard]] std::string make_token(const TokenKey& key, const MessageId& id);

struct TokenParts {
  MessageId id;
  std::uint8_t key = 0;
  std::string mac;  ///< lower case
};
/// Letters of either case: mail systems fold them. Nothing: the text has not a token's form.
[[nodiscard]] std::optional<TokenParts> read_token(std::string_view text);
/// In constant time.
[[nodiscard]] bool signed_by(const TokenKey& key, const TokenParts& token);

}  // namespace sluice::feedback
