#include "engine/smtp/client_opening.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include "engine/smtp/envelope.hpp"

namespace sluice::smtp {
namespace {

bool is_ok(const message::Reply& reply) { return reply.code >= 200 && reply.code < 300; }

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = (group << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      out += j > bytes.size() - i ? '=' : kAlphabet[(group >> (18 - 6 * j)) & 63];
  }
  return out;
}

}  // namespace

Opening::Do Opening::start() {
  if (!is_legal_ehlo_name(options_.ehlo_name))
    return refuse(Stage::ehlo,
                  Error{ErrorCode::invalid_input, "the EHLO name is empty or holds illegal bytes"});
  if (!options_.implicit_tls) return Do::read;
  phase_ = Phase::handshake;
  return Do::start_tls;
}

Stage Opening::stage() const {
  switch (phase_) {
    case Phase::greeting:
      return Stage::banner;
    case Phase::ehlo:
    case Phase::helo:
      return Stage::ehlo;
    case Phase::starttls:
    case Phase::handshake:
      return Stage::starttls;
    case Phase::auth:
    case Phase::auth_user:
    case Phase::auth_password:
      return Stage::auth;
    case Phase::over:
      break;
  }
  return failure_.stage;
}

Opening::Do Opening::on_reply(message::Reply reply, std::string& out) {
  switch (phase_) {
    case Phase::greeting:
      if (!is_ok(reply)) return refuse(Stage::banner, std::move(reply));
      greeting_ = std::move(reply);
      return say_hello(out);
    case Phase::ehlo:
    case Phase::helo:
      return on_hello(std::move(reply), out);
    case Phase::starttls:
      return on_starttls(std::move(reply), out);
    case Phase::auth:
    case Phase::auth_user:
    case Phase::auth_password:
      return on_auth(std::move(reply), out);
    case Phase::handshake:
    case Phase::over:
      break;
  }
  return on_lost({ErrorCode::invalid_input, "protocol error: a reply to nothing"});
}

Opening::Do Opening::say_hello(std::string& out) {
  phase_ = Phase::ehlo;
  out += "EHLO " + options_.ehlo_name + "\r\n";
  return Do::write;
}

Opening::Do Opening::on_hello(message::Reply reply, std::string& out) {
  if (phase_ == Phase::ehlo && reply.permanent()) {  // an old server, or one that refuses us: HELO tells
    phase_ = Phase::helo;
    used_helo_ = true;
    out += "HELO " + options_.ehlo_name + "\r\n";
    return Do::write;
  }
  if (!is_ok(reply)) return refuse(Stage::ehlo, std::move(reply));
  server_ = phase_ == Phase::ehlo ? Capabilities::parse(reply) : Capabilities();
  used_helo_ = phase_ == Phase::helo;
  return after_hello(out);
}

Opening::Do Opening::after_hello(std::string& out) {
  hello_after_tls_ = false;
  if (secured_) return authenticate(out);
  if (options_.tls == TlsPolicy::none) return authenticate(out);
  if (server_.starttls && allow_starttls_) {
    phase_ = Phase::starttls;
    out += "STARTTLS\r\n";
    return Do::write;
  }
  if (must_encrypt())
    return refuse(Stage::starttls,
                  Error{ErrorCode::unavailable, "TLS is required and the server does not offer it"});
  return authenticate(out);
}

Opening::Do Opening::on_starttls(message::Reply reply, std::string& out) {
  if (reply.code == 220) {
    phase_ = Phase::handshake;
    return Do::start_tls;
  }
  if (reply.code == 421 || must_encrypt()) return refuse(Stage::starttls, std::move(reply));
  if (reply.code < 400)
    return on_lost(
        {ErrorCode::invalid_input, "protocol error: reply " + std::to_string(reply.code) + " to STARTTLS"});
  return authenticate(out);
}

Opening::Do Opening::on_secured(bool verified, std::string& out) {
  secured_ = true;
  verified_ = verified;
  server_ = Capabilities();
  if (greeting_.code == 0) {  // implicit TLS: the greeting is still to come
    phase_ = Phase::greeting;
    return Do::read;
  }
  hello_after_tls_ = true;
  return say_hello(out);
}

Opening::Do Opening::on_handshake_failed(const Error& error) {
  retry_in_plain_text_ = options_.tls == TlsPolicy::opportunistic && !options_.implicit_tls &&
                         error.code != ErrorCode::cancelled;
  return refuse(Stage::starttls, error);
}

Opening::Do Opening::on_injection() {
  return refuse(Stage::starttls,
                Error{ErrorCode::invalid_input,
                      "protocol error: bytes behind the reply to STARTTLS, perhaps injected"});
}

Opening::Do Opening::authenticate(std::string& out) {
  if (!options_.auth) return finish();
  phase_ = Phase::auth;
  const auto& [user, password] = *options_.auth;
  if (!verified_)
    return refuse(Stage::auth, Error{ErrorCode::permission, "credentials are sent under verified TLS only"});
  if (user.find('\0') != std::string::npos || password.find('\0') != std::string::npos)
    return refuse(Stage::auth, Error{ErrorCode::invalid_input, "user and password must not hold NUL"});
  if (server_.auth_plain) {
    out += "AUTH PLAIN " + base64('\0' + user + '\0' + password) + "\r\n";
    return Do::write;
  }
  if (server_.auth_login) {
    phase_ = Phase::auth_user;
    out += "AUTH LOGIN\r\n";
    return Do::write;
  }
  return refuse(Stage::auth,
                Error{ErrorCode::unavailable, "the server offers neither AUTH PLAIN nor AUTH LOGIN"});
}

Opening::Do Opening::on_auth(message::Reply reply, std::string& out) {
  if (phase_ == Phase::auth) return is_ok(reply) ? finish() : refuse(Stage::auth, std::move(reply));
  if (reply.code != 334) return refuse(Stage::auth, std::move(reply));
  const bool user = phase_ == Phase::auth_user;
  out += base64(user ? options_.auth->user : options_.auth->password) + "\r\n";
  phase_ = user ? Phase::auth_password : Phase::auth;
  return Do::write;
}

Opening::Do Opening::finish() {
  phase_ = Phase::over;
  return Do::ready;
}

Opening::Do Opening::on_lost(const Error& error) {
  // Servers whose TLS is broken also just hang up around the handshake.
  const bool around_tls = phase_ == Phase::starttls || phase_ == Phase::handshake || hello_after_tls_;
  if (around_tls && error.code != ErrorCode::invalid_input) return on_handshake_failed(error);
  return refuse(stage(), error);
}

Opening::Do Opening::refuse(Stage stage, message::Reply reply) {
  failure_ = {stage, std::move(reply), std::nullopt};
  if (failure_.reply.code < 400) {
    failure_.error =
        Error{ErrorCode::invalid_input, "protocol error: reply " + std::to_string(failure_.reply.code) +
                                            " while " + std::string(row_of(stage).doing)};
    failure_.reply = {};
  }
  phase_ = Phase::over;
  return Do::failed;
}

Opening::Do Opening::refuse(Stage stage, Error error) {
  failure_ = {stage, {}, std::move(error)};
  phase_ = Phase::over;
  return Do::failed;
}

}  // namespace sluice::smtp
