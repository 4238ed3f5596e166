#include "engine/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <list>
#include <unordered_map>

namespace sluice::net {

std::string take_openssl_errors() {
  std::string text;
  while (const auto code = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(code, line, sizeof line);
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text.empty() ? "no detail from OpenSSL" : text;
}

namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, FreeContext>;
using SessionPtr = std::unique_ptr<SSL_SESSION, FreeSession>;

void set_common(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_read_ahead(context, 1);  // one recv a record instead of two
}

int accept_any_certificate(X509_STORE_CTX*, void*) { return 1; }

ContextPtr make_client(TlsVerify verify) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return nullptr;
  set_common(context.get());
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (verify == TlsVerify::peer) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  } else {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), accept_any_certificate, nullptr);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0");
  }
  return context;
}

}  // namespace

struct TlsClientContext::State {
  struct Entry {
    std::string key;
    SessionPtr session;
  };
  ContextPtr opportunistic;
  ContextPtr verified;
  std::size_t max_sessions = 0;
  std::list<Entry> recent;                                                  // front: used last
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;  // views into `recent`

  void drop(std::list<Entry>::iterator entry) {
    by_key.erase(entry->key);
    recent.erase(entry);
  }
};

TlsClientContext::TlsClientContext() : state_(std::make_unique<State>()) {}
TlsClientContext::~TlsClientContext() = default;

Expected<std::unique_ptr<TlsClientContext>> TlsClientContext::make(const TlsClientOptions& options) {
  std::unique_ptr<TlsClientContext> made(new TlsClientContext);
  made->state_->max_sessions = options.max_sessions;
  made->state_->opportunistic = make_client(TlsVerify::none);
  made->state_->verified = make_client(TlsVerify::peer);
  if (!made->state_->opportunistic || !made->state_->verified)
    return fail(ErrorCode::internal, "making a TLS context: " + take_openssl_errors());
  auto* verified = made->state_->verified.get();
  const int loaded = options.ca_file.empty() ? SSL_CTX_set_default_verify_paths(verified)
                                             : SSL_CTX_load_verify_file(verified, options.ca_file.c_str());
  if (loaded != 1)
    return fail(ErrorCode::invalid_input,
                "reading the CA file " + options.ca_file + ": " + take_openssl_errors());
  return made;
}

std::size_t TlsClientContext::cached_sessions() const { return state_->recent.size(); }

SSL_CTX* TlsClientContext::native(TlsVerify verify) const {
  return verify == TlsVerify::peer ? state_->verified.get() : state_->opportunistic.get();
}

SSL_SESSION* TlsClientContext::find_session(const std::string& key) {
  const auto found = state_->by_key.find(key);
  if (found == state_->by_key.end()) return nullptr;
  if (SSL_SESSION_is_resumable(found->second->session.get()) == 0) {
    state_->drop(found->second);
    return nullptr;
  }
  state_->recent.splice(state_->recent.begin(), state_->recent, found->second);
  return found->second->session.get();
}

void TlsClientContext::store_session(const std::string& key, SSL_SESSION* session) {
  SessionPtr owned(session);
  if (state_->max_sessions == 0) return;
  drop_session(key);
  if (state_->recent.size() >= state_->max_sessions) state_->drop(std::prev(state_->recent.end()));
  state_->recent.push_front({key, std::move(owned)});
  state_->by_key.emplace(state_->recent.front().key, state_->recent.begin());
}

void TlsClientContext::drop_session(const std::string& key) {
  const auto found = state_->by_key.find(key);
  if (found != state_->by_key.end()) state_->drop(found->second);
}

Expected<TlsServerContext::ContextPtr> TlsServerContext::read(const std::string& certificate_file,
                                                              const std::string& key_file) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return fail(ErrorCode::internal, "making a TLS context: " + take_openssl_errors());
  set_common(context.get());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // stateless tickets only
  SSL_CTX_set_num_tickets(context.get(), 1);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1)
    return fail(ErrorCode::invalid_input,
                "reading the certificate " + certificate_file + ": " + take_openssl_errors());
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ErrorCode::invalid_input, "reading the key " + key_file + ": " + take_openssl_errors());
  if (SSL_CTX_check_private_key(context.get()) != 1)
    return fail(ErrorCode::invalid_input, "the key " + key_file + " does not belong to " + certificate_file +
                                              ": " + take_openssl_errors());
  return context;
}

Expected<std::unique_ptr<TlsServerContext>> TlsServerContext::make(const std::string& certificate_file,
                                                                   const std::string& key_file) {
  auto context = read(certificate_file, key_file);
  if (!context) return std::unexpected(context.error());
  return std::unique_ptr<TlsServerContext>(
      new TlsServerContext(certificate_file, key_file, std::move(*context)));
}

TlsServerContext::ContextPtr TlsServerContext::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

Expected<> renew(const std::vector<TlsServerContext*>& contexts) {
  std::vector<TlsServerContext::ContextPtr> fresh;
  for (const auto* one : contexts) {
    auto context = TlsServerContext::read(one->certificate_file_, one->key_file_);
    if (!context) return std::unexpected(context.error());
    fresh.push_back(std::move(*context));
  }
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    const std::lock_guard lock(contexts[i]->mutex_);
    contexts[i]->context_ = std::move(fresh[i]);
  }
  return {};
}

}  // namespace sluice::net
