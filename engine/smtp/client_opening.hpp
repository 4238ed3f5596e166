// The protocol machine from the greeting to a session that may send mail, without I/O: greeting, EHLO (HELO),
// STARTTLS, EHLO again, AUTH. STATES.md has the table.
//
// Invariants: under `required` and `verified` nothing but EHLO, HELO and STARTTLS leaves in plain text;
// credentials leave under verified TLS only; what was offered before TLS is forgotten after it.
#pragma once

#include <optional>
#include <string>

#include "engine/base/error.hpp"
#include "engine/message/reply.hpp"
#include "engine/smtp/capabilities.hpp"
#include "engine/smtp/client_options.hpp"
#include "engine/smtp/stage.hpp"

namespace sluice::smtp {

/// Why no session came about: the server's reply (code != 0) or an error.
struct OpenFailure {
  Stage stage = Stage::connect;
  message::Reply reply;
  std::optional<Error> error;
};

class Opening {
 public:
  enum class Do {
    read,       ///< wait for the next reply, at most stage()'s timeout
    write,      ///< write the command, then read
    start_tls,  ///< handshake, then on_secured() or on_handshake_failed(); unread bytes first: on_injection()
    ready,      ///< the session is open
    failed,     ///< failure() says why; close
  };

  /// `options` must outlive this. `allow_starttls` false: the second try after an opportunistic handshake
  /// broke.
  Opening(const ClientOptions& options, bool allow_starttls)
      : options_(options), allow_starttls_(allow_starttls) {}

  [[nodiscard]] Do start();
  /// A whole reply came; `out` gets the command for Do::write.
  [[nodiscard]] Do on_reply(message::Reply reply, std::string& out);
  /// The handshake is complete. `verified`: certificate and host name were checked.
  [[nodiscard]] Do on_secured(bool verified, std::string& out);
  [[nodiscard]] Do on_handshake_failed(const Error& error);
  /// The server sent something behind its 220 to STARTTLS, in plain text: somebody between injects
  /// (CVE-2011-0411).
  [[nodiscard]] Do on_injection();
  /// The connection is lost, timed out, cancelled or out of step.
  Do on_lost(const Error& error);

  /// What the next reply answers.
  [[nodiscard]] Stage stage() const;
  [[nodiscard]] const Capabilities& server() const { return server_; }
  [[nodiscard]] const message::Reply& greeting() const { return greeting_; }
  [[nodiscard]] bool used_helo() const { return used_helo_; }
  [[nodiscard]] const OpenFailure& failure() const { return failure_; }
  /// After `failed`: TLS was opportunistic and broke; a new connection without STARTTLS may do.
  [[nodiscard]] bool retry_in_plain_text() const { return retry_in_plain_text_; }

 private:
  enum class Phase { greeting, ehlo, helo, starttls, handshake, auth, auth_user, auth_password, over };

  [[nodiscard]] bool must_encrypt() const {
    return options_.tls == TlsPolicy::required || options_.tls == TlsPolicy::verified;
  }
  [[nodiscard]] Do say_hello(std::string& out);
  [[nodiscard]] Do on_hello(message::Reply reply, std::string& out);
  [[nodiscard]] Do after_hello(std::string& out);
  [[nodiscard]] Do on_starttls(message::Reply reply, std::string& out);
  [[nodiscard]] Do authenticate(std::string& out);
  [[nodiscard]] Do on_auth(message::Reply reply, std::string& out);
  [[nodiscard]] Do finish();
  Do refuse(Stage stage, message::Reply reply);
  Do refuse(Stage stage, Error error);

  const ClientOptions& options_;
  bool allow_starttls_;
  Phase phase_ = Phase::greeting;
  Capabilities server_;
  message::Reply greeting_;
  OpenFailure failure_;
  bool secured_ = false;
  bool verified_ = false;
  bool used_helo_ = false;
  bool hello_after_tls_ = false;
  bool retry_in_plain_text_ = false;
};

}  // namespace sluice::smtp
