// A signing secret of the Standard Webhooks scheme (standardwebhooks.com): `whsec_` and base64 of 24 to 64
// random bytes. Kept out of logs and answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"

namespace sluice::webhook {

inline constexpr std::size_t kMinSecretBytes = 24;
inline constexpr std::size_t kMaxSecretBytes = 64;

class Secret {
 public:
  /// Blank space around it is skipped. invalid_input without the text: it is a secret.
  [[nodiscard]] static Expected<Secret> parse(std::string_view text);
  /// permission: group or others may read the file; not_found, io, invalid_input.
  [[nodiscard]] static Expected<Secret> load(const std::string& path);

  /// "v1," and base64 of HMAC-SHA256 over "id.timestamp.body".
  [[nodiscard]] std::string sign(std::string_view id, std::string_view timestamp,
                                 std::string_view body) const;

 private:
  explicit Secret(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

/// The webhook-signature header: one signature a secret, separated by spaces.
[[nodiscard]] std::string signature_header(const std::vector<Secret>& secrets, std::string_view id,
                                           std::string_view timestamp, std::string_view body);

}  // namespace sluice::webhook
