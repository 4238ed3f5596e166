// The protocol machine of one mail transaction, without I/O: replies in, commands out, one result a
// recipient.
//
// Invariant: a recipient's result is set once. A recipient is accepted only by a 2xx after the end of the
// content. Commands go out grouped (RFC 2920) when the server pipelines, else one by one. STATES.md has the
// table. A pipelining client has no choice but to answer a 354 that no recipient stands behind with a lone
// dot.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/smtp/capabilities.hpp"
#include "engine/smtp/client_content.hpp"
#include "engine/smtp/client_options.hpp"
#include "engine/smtp/transaction_result.hpp"

namespace sluice::smtp {

class Transaction {
 public:
  /// What the driver does next.
  enum class Do {
    read,           ///< wait for the next reply, at most stage()'s timeout
    write,          ///< write the commands, then read
    write_content,  ///< write the commands (if any) and the content's pieces together, then read
    write_dot,      ///< write a lone ".\r\n", then read
    done,           ///< every recipient has its result; the connection is in step
    close,          ///< every recipient has its result; the connection is not usable
  };

  struct Plan {
    bool pipelining = false;
    ContentEnd end = ContentEnd::final_dot;
    std::size_t content_bytes = 0;             ///< for BDAT
    LocalFailure refuse = LocalFailure::none;  ///< the caller has found the message unfit
    bool reset_first = false;  ///< the last transaction on this connection was left open: RSET goes first
  };

  /// Starts over for `envelope`, whose bytes are not needed after the call when pipelining; in lock step they
  /// must live until the transaction ends. Appends commands to `out`. `done` at once when nothing may be
  /// sent.
  [[nodiscard]] Do begin(const Envelope& envelope, const Capabilities& server, const ClientOptions& options,
                         const Plan& plan, std::string& out);

  /// A whole reply came; `out` gets the commands for Do::write and Do::write_content.
  [[nodiscard]] Do on_reply(message::Reply reply, std::string& out);
  /// The connection is lost, timed out, cancelled or out of step. Do::close.
  Do on_lost(const Error& error);
  /// We will not send the content after all (it is illegal). Do::close.
  Do give_up(LocalFailure failure);
  /// The content's last byte may have left: from now on a loss is a doubt.
  void content_left() { content_left_ = true; }
  [[nodiscard]] bool content_has_left() const { return content_left_; }

  /// What the next reply answers.
  [[nodiscard]] Stage stage() const;
  /// The server still holds this transaction open.
  [[nodiscard]] bool needs_reset() const { return needs_reset_; }
  [[nodiscard]] std::size_t recipient_count() const { return results_.size(); }
  /// After done or close, once.
  [[nodiscard]] std::vector<RecipientResult> take_results();

 private:
  enum class Phase { rset, mail, rcpt, data, content, dot, lone_dot, over };
  enum class State : unsigned char { pending, accepted, resolved };

  [[nodiscard]] LocalFailure refuse_here(const Envelope& envelope, const Capabilities& server) const;
  void refuse_recipients(const Envelope& envelope, const ClientOptions& options);
  void add_mail(const Envelope& envelope, const Capabilities& server);
  void add_recipient(std::size_t index, std::string& out) const;
  void add_data(std::string& out) const;
  [[nodiscard]] std::size_t next_recipient(std::size_t from) const;
  [[nodiscard]] Do begin_lock_step_rcpt(std::string& out);
  [[nodiscard]] Do on_rset(message::Reply reply, std::string& out);
  [[nodiscard]] Do on_mail(message::Reply reply, std::string& out);
  [[nodiscard]] Do on_rcpt(message::Reply reply, std::string& out);
  [[nodiscard]] Do after_rcpts(std::string& out);
  [[nodiscard]] Do on_data(message::Reply reply);
  [[nodiscard]] Do on_dot(message::Reply reply);
  [[nodiscard]] Do out_of_step(const message::Reply& reply);
  void resolve(std::size_t index, Stage at, message::Reply reply);
  void resolve_open(Stage at, message::Reply reply);
  [[nodiscard]] Do end(Do how);

  std::vector<RecipientResult> results_;
  std::vector<State> states_;
  std::span<const std::string_view> recipients_;  // lock step only, after begin()
  std::string mail_command_;
  std::string recipient_suffix_;  ///< parameters of every RCPT
  Plan plan_;
  Phase phase_ = Phase::over;
  std::size_t rcpt_ = 0;
  std::size_t accepted_ = 0;
  bool mail_accepted_ = false;
  bool content_left_ = false;
  bool needs_reset_ = false;
};

}  // namespace sluice::smtp
