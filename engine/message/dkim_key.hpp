// A DKIM private key, parsed once (RSA costs a millisecond) and ready to sign digests. RFC 6376, 8301, 8463.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/message/openssl_ptr.hpp"

namespace sluice::message {

enum class DkimAlgorithm : std::uint8_t { rsa_sha256, ed25519_sha256 };

/// "rsa-sha256", "ed25519-sha256": the value of a=.
[[nodiscard]] std::string_view name_of(DkimAlgorithm algorithm);

/// SHA-256 of what a signature covers. Both algorithms sign these 32 bytes (RFC 8463 3).
using DkimDigest = std::array<unsigned char, 32>;

inline constexpr int kMinRsaBits = 1024;  ///< RFC 8301 3.2: below it a signer must not sign
inline constexpr int kRsaBits = 2048;     ///< RFC 8301 3.2: what a signer should use
inline constexpr int kMaxRsaBits = 8192;  ///< beyond it nobody verifies, and a sign takes 10 ms
inline constexpr std::size_t kMaxKeyFileBytes = 64 * 1024;

/// Move-only. One thread: signing uses the key's own OpenSSL context; each worker takes its clone(), which
/// shares nothing (RSA blinding would make threads meet on a lock).
class DkimKey {
 public:
  /// `pem` is PKCS#8 or PKCS#1, not encrypted, RSA of 1024-8192 bits or Ed25519. The error never shows key
  /// bytes.
  [[nodiscard]] static Expected<DkimKey> parse(std::string_view pem, std::string_view domain,
                                               std::string_view selector);
  /// Reads the file first: refused (permission) when group or others may touch it, or it is no plain file.
  /// Links are followed (mounted secrets are links); the mode is the target's.
  [[nodiscard]] static Expected<DkimKey> load(const std::string& path, std::string_view domain,
                                              std::string_view selector);
  [[nodiscard]] Expected<DkimKey> clone() const;

  [[nodiscard]] const std::string& domain() const { return domain_; }      ///< lower case
  [[nodiscard]] const std::string& selector() const { return selector_; }  ///< lower case
  [[nodiscard]] DkimAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] int bits() const;
  /// RSA below 2048 bits: signs, but deserves a warning.
  [[nodiscard]] bool weak() const { return algorithm_ == DkimAlgorithm::rsa_sha256 && bits() < kRsaBits; }
  [[nodiscard]] EVP_PKEY* pkey() const { return pkey_.get(); }

  /// The bytes of p=: SubjectPublicKeyInfo for RSA, the raw 32 bytes for Ed25519.
  [[nodiscard]] std::string public_bytes() const;

  /// Overwrites `signature`. Deterministic: the same digest gives the same bytes.
  [[nodiscard]] Expected<> sign(const DkimDigest& digest, std::string& signature);

 private:
  DkimKey() = default;
  [[nodiscard]] static Expected<DkimKey> adopt(PkeyPtr pkey, std::string domain, std::string selector);

  PkeyPtr pkey_;
  PkeyCtxPtr rsa_;    // set up for PKCS#1 v1.5 with SHA-256
  MdCtxPtr ed25519_;  // one-shot context, initialised again for each signature
  std::string domain_;
  std::string selector_;
  DkimAlgorithm algorithm_ = DkimAlgorithm::rsa_sha256;
};

/// A private key of ours as a file's bytes (PKCS#8 PEM; to be written with mode 0600). `rsa_bits` is
/// 2048-8192 and ignored for Ed25519. RSA-4096 takes a second or two.
[[nodiscard]] Expected<std::string> generate_dkim_key(DkimAlgorithm algorithm, int rsa_bits = kRsaBits);

}  // namespace sluice::message
