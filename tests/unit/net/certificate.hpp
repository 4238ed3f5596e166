// A self-signed certificate and its key in PEM files, made on the spot and removed at the end.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace sluice::net::testing {

class Certificate {
 public:
  /// For the DNS name `host`; it is its own CA.
  explicit Certificate(const std::string& host) {
    static int counter = 0;
    const auto stem = std::filesystem::temp_directory_path() /
                      ("sluice-cert-" + std::to_string(::getpid()) + "-" + std::to_string(counter++));
    certificate_file = stem.string() + ".crt";
    key_file = stem.string() + ".key";
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    auto* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.c_str()),
                               -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    add_extension(certificate, context, NID_subject_alt_name, "DNS:" + host);
    add_extension(certificate, context, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate, key, EVP_sha256());
    write(certificate_file, [&](FILE* file) { PEM_write_X509(file, certificate); });
    write(key_file,
          [&](FILE* file) { PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() {
    std::filesystem::remove(certificate_file);
    std::filesystem::remove(key_file);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  std::string certificate_file;
  std::string key_file;

 private:
  static void add_extension(X509* certificate, X509V3_CTX& context, int nid, const std::string& value) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    EXPECT_NE(extension, nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <class Fn>
  static void write(const std::string& path, Fn fn) {
    FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    fn(file);
    std::fclose(file);
  }
};

}  // namespace sluice::net::testing
