// One TLS connection over a non-blocking socket: the OpenSSL object without the waiting. Part of Stream.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/net/io_step.hpp"
#include "engine/net/tls.hpp"

typedef struct ssl_st SSL;

namespace sluice::net {

class TlsSession {
 public:
  /// `fd` stays the caller's. `host` is sent as SNI unless it is an address, and must match under
  /// TlsVerify::peer. Sessions are cached under `cache_key`, the host and the mode; an empty key caches
  /// nothing.
  [[nodiscard]] static Expected<std::unique_ptr<TlsSession>> client(int fd, TlsClientContext& context,
                                                                    TlsVerify verify, const std::string& host,
                                                                    const std::string& cache_key);
  [[nodiscard]] static Expected<std::unique_ptr<TlsSession>> server(int fd, const TlsServerContext& context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  [[nodiscard]] IoStep handshake();
  [[nodiscard]] IoStep read(std::span<char> into);
  /// Writes at most one record; after want_read/want_write repeat with the same first bytes.
  [[nodiscard]] IoStep write(std::string_view bytes);
  /// Sends close_notify if the socket takes it at once; does not wait for the peer's.
  void shutdown();

  [[nodiscard]] TlsSummary summary() const;
  /// Why the last step failed.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  TlsSession() = default;
  static int on_new_session(SSL* ssl, SSL_SESSION* session);
  [[nodiscard]] static Expected<std::unique_ptr<TlsSession>> attach(int fd, SSL_CTX* context);
  [[nodiscard]] IoStep explain(int result);

  SSL* ssl_ = nullptr;
  TlsClientContext* context_ = nullptr;  // null on the server side
  TlsVerify verify_ = TlsVerify::none;
  std::string key_;
  std::string failure_;
  bool failed_ = false;
};

}  // namespace sluice::net
