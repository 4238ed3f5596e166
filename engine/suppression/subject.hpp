// Who is suppressed: an address or a whole domain, in the form that is compared, and its keyed hash.
//
// The comparison key is message::Address's: the domain as lower-case A-labels, ASCII letters of the local
// part folded, an unneeded quoting dropped, and nothing else. Folding errs on the side of not sending: hardly
// any system tells Ann@ from ann@, and who was promised silence under one must not be mailed under the other.
// No dots and no +tags, because only the receiving system knows what they mean there. A domain is "@" and its
// A-labels; it stands for exactly that domain, not for those below it.
//
// The hash is keyed with the store's own secret: after an erasure only the hash stays, and whoever gets a
// copy of the rows without the key cannot try addresses against them.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/base/siphash.hpp"

namespace sluice::suppression {

struct Subject {
  std::string key;  ///< "ann@example.test", "@example.test"

  [[nodiscard]] bool is_domain() const { return key.starts_with('@'); }
  /// "ann@example.test", or a domain as "@example.test" or "example.test". The error says what is wrong.
  [[nodiscard]] static Expected<Subject> parse(std::string_view text);
};

/// Appends the comparison key of a queued recipient, whose parts are in normal form already.
void append_key(std::string_view local, std::string_view domain, std::string& out);
/// "@" and the domain of a comparison key.
[[nodiscard]] inline std::string_view domain_key(std::string_view key) {
  const auto at = key.rfind('@');
  return at == std::string_view::npos ? std::string_view{} : key.substr(at);
}

/// The hash as the rows' key: 16 bytes.
[[nodiscard]] std::string hash_bytes(const Hash128& hash);
/// `bytes` has 16.
[[nodiscard]] Hash128 hash_of(std::string_view bytes);

}  // namespace sluice::suppression
