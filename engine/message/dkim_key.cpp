#include "engine/message/dkim_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::message {
namespace {

constexpr std::size_t kMaxDomain = 253;

// What OpenSSL says about the last failure; clears its queue so that nobody else meets it.
std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text = reason == nullptr ? "no reason given" : reason;
  ERR_clear_error();
  return text;
}

// Lower case; empty when it is no host name (underscores pass: selectors have them).
std::string host_name(std::string_view name) {
  std::string out;
  if (name.empty() || name.size() > kMaxDomain || name.front() == '.' || name.back() == '.') return out;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    const bool good = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-' ||
                      lower == '_' || (lower == '.' && out.back() != '.');
    if (!good) return {};
    out += lower;
  }
  return out;
}

int refuse_password(char*, int, int, void*) { return 0; }

struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

Expected<std::string> read_private_file(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.value < 0) {
    const auto code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    return fail(code, fmt::format("key file {}: {}", path, std::strerror(errno)));
  }
  struct stat info{};
  if (::fstat(file.value, &info) != 0)
    return fail(ErrorCode::io, fmt::format("key file {}: {}", path, std::strerror(errno)));
  if (!S_ISREG(info.st_mode))
    return fail(ErrorCode::permission, fmt::format("key file {} is no plain file", path));
  if ((info.st_mode & 077) != 0) {
    return fail(ErrorCode::permission,
                fmt::format("key file {} may be used by group or others (mode {:04o}); "
                            "make it 0600",
                            path, info.st_mode & 07777));
  }
  if (static_cast<std::size_t>(info.st_size) > kMaxKeyFileBytes)
    return fail(ErrorCode::limit, fmt::format("key file {} is larger than {} bytes", path, kMaxKeyFileBytes));
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto n = ::read(file.value, &bytes[have], bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::io, fmt::format("key file {}: {}", path, std::strerror(errno)));
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

Expected<DkimAlgorithm> algorithm_of(EVP_PKEY* pkey) {
  if (EVP_PKEY_is_a(pkey, "ED25519") == 1) return DkimAlgorithm::ed25519_sha256;
  if (EVP_PKEY_is_a(pkey, "RSA") != 1)
    return fail(ErrorCode::invalid_input, "the DKIM key is neither RSA nor Ed25519");
  const int bits = EVP_PKEY_get_bits(pkey);
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return fail(ErrorCode::invalid_input, fmt::format("the RSA key has {} bits; DKIM takes {} to {}, use {}",
                                                      bits, kMinRsaBits, kMaxRsaBits, kRsaBits));
  }
  return DkimAlgorithm::rsa_sha256;
}

}  // namespace

std::string_view name_of(DkimAlgorithm algorithm) {
  return algorithm == DkimAlgorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256";
}

Expected<DkimKey> DkimKey::parse(std::string_view pem, std::string_view domain, std::string_view selector) {
  auto d = host_name(domain);
  auto s = host_name(selector);
  if (d.empty()) return fail(ErrorCode::invalid_input, fmt::format("\"{}\" is no DKIM domain", domain));
  if (s.empty()) return fail(ErrorCode::invalid_input, fmt::format("\"{}\" is no DKIM selector", selector));
  if (pem.size() > kMaxKeyFileBytes)
    return fail(ErrorCode::limit, "the DKIM key is larger than a key can be");
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyPtr pkey(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr));
  if (!pkey) {
    return fail(ErrorCode::invalid_input,
                fmt::format("no unencrypted PEM private key could be read ({})", openssl_reason()));
  }
  return adopt(std::move(pkey), std::move(d), std::move(s));
}

Expected<DkimKey> DkimKey::load(const std::string& path, std::string_view domain, std::string_view selector) {
  auto bytes = read_private_file(path);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto key = parse(*bytes, domain, selector);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (!key) return fail(std::move(key.error()), "key file " + path);
  return key;
}

Expected<DkimKey> DkimKey::adopt(PkeyPtr pkey, std::string domain, std::string selector) {
  const auto algorithm = algorithm_of(pkey.get());
  if (!algorithm) return std::unexpected(algorithm.error());
  DkimKey key;
  key.domain_ = std::move(domain);
  key.selector_ = std::move(selector);
  key.algorithm_ = *algorithm;
  if (*algorithm == DkimAlgorithm::rsa_sha256) {
    key.rsa_.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
    const bool ready = key.rsa_ && EVP_PKEY_sign_init(key.rsa_.get()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(key.rsa_.get(), RSA_PKCS1_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_signature_md(key.rsa_.get(), EVP_sha256()) == 1;
    if (!ready) return fail(ErrorCode::internal, "RSA signing cannot be set up: " + openssl_reason());
  } else {
    key.ed25519_.reset(EVP_MD_CTX_new());
  }
  key.pkey_ = std::move(pkey);
  return key;
}

Expected<DkimKey> DkimKey::clone() const {
  PkeyPtr copy(EVP_PKEY_dup(pkey_.get()));
  if (!copy) return fail(ErrorCode::internal, "a DKIM key cannot be copied: " + openssl_reason());
  return adopt(std::move(copy), domain_, selector_);
}

int DkimKey::bits() const { return EVP_PKEY_get_bits(pkey_.get()); }

std::string DkimKey::public_bytes() const {
  if (algorithm_ == DkimAlgorithm::ed25519_sha256) {
    std::string raw(32, '\0');
    auto size = raw.size();
    EVP_PKEY_get_raw_public_key(pkey_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
    return raw;
  }
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(pkey_.get(), &der);
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return out;
}

Expected<> DkimKey::sign(const DkimDigest& digest, std::string& signature) {
  signature.resize(static_cast<std::size_t>(EVP_PKEY_get_size(pkey_.get())));
  auto size = signature.size();
  auto* to = reinterpret_cast<unsigned char*>(signature.data());
  const bool good = algorithm_ == DkimAlgorithm::rsa_sha256
                        ? EVP_PKEY_sign(rsa_.get(), to, &size, digest.data(), digest.size()) == 1
                        : EVP_DigestSignInit(ed25519_.get(), nullptr, nullptr, nullptr, pkey_.get()) == 1 &&
                              EVP_DigestSign(ed25519_.get(), to, &size, digest.data(), digest.size()) == 1;
  if (!good)
    return fail(ErrorCode::internal, fmt::format("signing for {} failed: {}", domain_, openssl_reason()));
  signature.resize(size);
  return {};
}

Expected<std::string> generate_dkim_key(DkimAlgorithm algorithm, int rsa_bits) {
  const bool rsa = algorithm == DkimAlgorithm::rsa_sha256;
  if (rsa && (rsa_bits < kRsaBits || rsa_bits > kMaxRsaBits)) {
    return fail(ErrorCode::invalid_input, fmt::format("an RSA key of {} bits will not be made; {} to {} are",
                                                      rsa_bits, kRsaBits, kMaxRsaBits));
  }
  const PkeyPtr pkey(rsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits))
                         : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const BioPtr bio(BIO_new(BIO_s_mem()));
  const bool good = pkey && PEM_write_bio_PKCS8PrivateKey(bio.get(), pkey.get(), nullptr, nullptr, 0, nullptr,
                                                          nullptr) == 1;
  if (!good) return fail(ErrorCode::internal, "no key could be made: " + openssl_reason());
  char* bytes = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

}  // namespace sluice::message
