#include "engine/sink/self_signed.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace sluice::sink {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* thing) const {
    Free(thing);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;

constexpr long kDays = 30;

/// mkdtemp makes it for the owner only; removed with all in it.
class PrivateDirectory {
 public:
  PrivateDirectory() {
    std::error_code ignored;
    auto name = (std::filesystem::temp_directory_path(ignored) / "sluice-sink-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;
  ~PrivateDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] bool made() const { return !path_.empty(); }
  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

Certificate sign(EVP_PKEY* key, const std::string& hostname) {
  Certificate made(X509_new());
  if (!made) return nullptr;
  auto* x509 = made.get();
  auto* name = X509_get_subject_name(x509);
  const auto* host = reinterpret_cast<const unsigned char*>(hostname.c_str());
  const auto alternative = "DNS:" + hostname;
  bool good = X509_set_version(x509, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x509), 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x509), -3600) != nullptr &&
              X509_gmtime_adj(X509_getm_notAfter(x509), kDays * 24 * 3600) != nullptr &&
              X509_set_pubkey(x509, key) == 1 &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, host, -1, -1, 0) == 1 &&
              X509_set_issuer_name(x509, name) == 1;
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative.c_str()));
  good = good && extension && X509_add_ext(x509, extension.get(), -1) == 1 &&
         X509_sign(x509, key, EVP_sha256()) > 0;
  return good ? std::move(made) : nullptr;
}

}  // namespace

Expected<std::unique_ptr<net::TlsServerContext>> make_self_signed(const std::string& hostname) {
  const Pkey key(EVP_EC_gen("P-256"));
  const auto certificate = key ? sign(key.get(), hostname) : nullptr;
  if (!certificate)
    return fail(ErrorCode::internal, "making a self-signed certificate: " + net::take_openssl_errors());
  const PrivateDirectory dir;
  if (!dir.made()) return fail(ErrorCode::io, "no temporary directory for the sink's certificate");
  const auto certificate_file = dir.file("cert.pem");
  const auto key_file = dir.file("key.pem");
  {
    const File out(std::fopen(certificate_file.c_str(), "wx"));
    const File key_out(std::fopen(key_file.c_str(), "wx"));
    if (!out || !key_out || PEM_write_X509(out.get(), certificate.get()) != 1 ||
        PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
      return fail(ErrorCode::io, "writing the sink's certificate to " + certificate_file);
    }
  }
  ::chmod(key_file.c_str(), 0600);
  return net::TlsServerContext::make(certificate_file, key_file);
}

}  // namespace sluice::sink
