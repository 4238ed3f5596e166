// TLS settings shared by many streams: one client context a worker (it owns a session cache), one server
// context a certificate. Contexts must outlive the streams that use them.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.hpp"

typedef struct ssl_ctx_st SSL_CTX;  // as <openssl/types.h> declares them
typedef struct ssl_session_st SSL_SESSION;

namespace sluice::net {

/// How a client treats the server's certificate.
enum class TlsVerify {
  none,  ///< opportunistic: any certificate, TLS 1.0 and weak keys too; some encryption beats none (RFC 7435)
  peer,  ///< chain to a trusted CA and the host name, TLS 1.2 at least
};

/// What was agreed on; empty version means no TLS.
struct TlsSummary {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
  bool verified = false;
  bool resumed = false;
};

struct TlsClientOptions {
  std::string ca_file;  ///< PEM; empty: the system's CAs
  std::size_t max_sessions =
      16384;  ///< cached sessions (~2 KB each), the least recently used is dropped; 0: none
};

/// Owner: one thread.
class TlsClientContext {
 public:
  /// Fails when the CA file cannot be read.
  [[nodiscard]] static Expected<std::unique_ptr<TlsClientContext>> make(const TlsClientOptions& options = {});
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  [[nodiscard]] std::size_t cached_sessions() const;

  // For engine/net itself.
  [[nodiscard]] SSL_CTX* native(TlsVerify verify) const;
  /// Borrowed; null when none is cached.
  [[nodiscard]] SSL_SESSION* find_session(const std::string& key);
  /// Takes the reference over.
  void store_session(const std::string& key, SSL_SESSION* session);
  void drop_session(const std::string& key);

 private:
  TlsClientContext();
  struct State;
  std::unique_ptr<State> state_;
};

/// Any thread.
class TlsServerContext {
 public:
  using ContextPtr = std::shared_ptr<SSL_CTX>;  // shared: a handshake may begin while it is renewed

  /// PEM files; the certificate file may hold the chain. Fails when they cannot be read or do not match.
  [[nodiscard]] static Expected<std::unique_ptr<TlsServerContext>> make(const std::string& certificate_file,
                                                                        const std::string& key_file);
  TlsServerContext(const TlsServerContext&) = delete;
  TlsServerContext& operator=(const TlsServerContext&) = delete;

  /// For sessions that begin now.
  [[nodiscard]] ContextPtr current() const;

 private:
  friend Expected<> renew(const std::vector<TlsServerContext*>& contexts);

  TlsServerContext(std::string certificate_file, std::string key_file, ContextPtr context)
      : certificate_file_(std::move(certificate_file)),
        key_file_(std::move(key_file)),
        context_(std::move(context)) {}
  static Expected<ContextPtr> read(const std::string& certificate_file, const std::string& key_file);

  const std::string certificate_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;
  ContextPtr context_;
};

/// Reads the files of all of them again: sessions that begin from now on show what is in them. When one
/// cannot be used, all stay as they were.
[[nodiscard]] Expected<> renew(const std::vector<TlsServerContext*>& contexts);

/// Empties OpenSSL's error queue of this thread into one sentence.
[[nodiscard]] std::string take_openssl_errors();

}  // namespace sluice::net
