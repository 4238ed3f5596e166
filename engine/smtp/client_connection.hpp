// One client connection: the protocol machines driven over a net::Stream. Delivery opens it, sends messages
// one after another, keeps it idle, quits it.
//
// One owner, one operation at a time, on the io_context's thread. Every operation is bounded by
// ClientOptions' timeouts. Where the server pipelines, a message costs one write and usually one read: send()
// puts the next message's commands behind the current message's final dot (RFC 2920 §3.1).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/net/buffer.hpp"
#include "engine/net/stream.hpp"
#include "engine/smtp/client_opening.hpp"
#include "engine/smtp/client_transaction.hpp"
#include "engine/smtp/stage_clock.hpp"

namespace sluice::smtp {

/// Where to connect: one host with its addresses, in the order to try.
struct TargetHost {
  net::Endpoint endpoint;
  std::string name;  ///< the MX host's: SNI, and what verified TLS checks
  /// Its STARTTLS is known to break: under opportunistic TLS it is not tried.
  bool tls_broken = false;
};

/// Hosts are tried in order until one takes the connection.
struct Target {
  std::vector<TargetHost> hosts;
  std::optional<net::Address> local;  ///< source address; endpoints of the other family are skipped
  std::string session_key;            ///< who may share TLS sessions, such as "site|source"; empty: nobody
};

struct Opened {
  net::Endpoint peer;
  std::string host;  ///< the name of the one that took the connection
  message::Reply greeting;
  Capabilities server;
  net::TlsSummary tls;
  bool used_helo = false;
  bool fell_back_to_plain_text = false;  ///< opportunistic TLS broke; this is the second connection
  bool tls_known_broken = false;         ///< plain text because of TargetHost::tls_broken
  std::vector<net::Endpoint> dead;       ///< tried before and not reached, or without a greeting
  StageTimes took{};
};

struct FailedOpen : OpenFailure {
  net::Endpoint peer;  ///< the last one tried
  std::string host;
  std::vector<net::Endpoint> dead;  ///< those not reached, or without a greeting
};

/// How an idle wait ended.
struct IdleEnd {
  enum class How {
    waited,  ///< the deadline passed; still usable
    woken,   ///< wake() was called; still usable
    closed,  ///< the server left, said something (`reply`: 421 mostly) or the task was cancelled; not usable
  };
  How how = How::closed;
  message::Reply reply;  ///< code 0: it left without a word
  std::optional<Error> error;
};

class ClientConnection {
 public:
  /// `tls` must outlive this.
  ClientConnection(net::asio::io_context& context, net::TlsClientContext& tls, ClientOptions options);

  /// Connects, to the next host where one cannot be reached or greets with anything but 220 (RFC 5321 5.1:
  /// the hosts are tried in order), and brings the session to where MAIL may follow. Call again after a
  /// failure or after the connection ended: it starts afresh.
  net::Task<std::expected<Opened, FailedOpen>> open(Target target);

  /// Sends one message. With `next`, and where the server pipelines, MAIL, RCPT and DATA of the next message
  /// leave together with this one's end; if the result says `next_begun`, the next call must be send() for
  /// that envelope (asserted) or close(). `message` and `next` must live until the task ends. Requires
  /// usable().
  net::Task<TransactionResult> send(const Message& message, const Envelope* next = nullptr);

  /// Says QUIT, waits a moment for the reply and for the server to close, closes. Without a word where the
  /// conversation is not at its start.
  net::Task<> quit();

  /// Watches an unused connection until `until`, wake(), or until the server leaves. Requires usable().
  net::Task<IdleEnd> idle(net::Deadline until);
  void wake();

  /// Open, in step, and below its number of messages.
  [[nodiscard]] bool usable() const;
  /// The next envelope's commands are out.
  [[nodiscard]] bool next_begun() const { return begun_ != 0; }
  /// At once; an operation in progress ends with an error.
  void close();

  [[nodiscard]] const Capabilities& server() const { return server_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  /// Transactions begun since open().
  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] net::Endpoint peer() const { return stream_.peer(); }
  [[nodiscard]] net::Endpoint local() const { return stream_.local(); }

 private:
  using Do = Transaction::Do;
  using Clock = net::Deadline::Clock;

  // client_connection.cpp: opening and closing
  net::Task<std::expected<Opened, FailedOpen>> open_some(Target target);
  net::Task<Expected<>> connect(const Target& target, std::size_t from);
  net::Task<std::expected<Opened, FailedOpen>> open_session(const Target& target, std::size_t from,
                                                            bool allow_starttls);
  net::Task<Opening::Do> secure(Opening& opening, const Target& target);
  net::Task<> see_it_close();
  void start_afresh();
  net::Task<Expected<>> write_command(std::string_view command, Stage stage);
  net::Task<Expected<message::Reply>> read_reply(Stage stage);
  [[nodiscard]] std::optional<Expected<message::Reply>> buffered_reply(Stage stage);

  // client_send.cpp: transactions
  [[nodiscard]] Do begin(const Message& message);
  [[nodiscard]] Do resume(const Message& message, TransactionResult& result);
  void assemble(Do action, const Envelope* next, TransactionResult& result);
  net::Task<Expected<>> finish_write(net::WriteCursor& cursor, net::IoStep step);
  void after_write(Do action, Clock::time_point now, TransactionResult& result);
  [[nodiscard]] Do lost_while_writing(const Error& error);
  [[nodiscard]] bool uses_chunking() const { return options_.chunking && server_.chunking; }
  [[nodiscard]] bool uses_pipelining() const { return options_.pipelining && server_.pipelining; }
  [[nodiscard]] bool may_take_another() const {
    return options_.max_messages == 0 || messages_ < options_.max_messages;
  }

  net::asio::io_context& context_;
  net::TlsClientContext& tls_;
  ClientOptions options_;
  net::Stream stream_;
  net::ReadBuffer buffer_;
  ReplyParser parser_;
  Capabilities server_;
  bool ready_ = false;  // in step: a transaction may begin
  bool woken_ = false;
  bool retry_in_plain_text_ = false;  // of the last open_session()
  std::size_t at_ = 0;                // in target.hosts: the last one tried
  TargetHost tried_;
  std::vector<net::Endpoint> dead_;  // of this open()
  std::size_t messages_ = 0;

  Transaction current_;
  Transaction next_;
  std::uint64_t begun_ = 0;  // fingerprint of the envelope whose commands are out; 0: none
  Clock::time_point begun_at_{};
  WireContent content_;
  std::string commands_;
  std::vector<std::string_view> views_;  // what the next write gathers
  std::size_t content_end_ = 0;          // bytes of views_ up to the content's last; 0: no content in it
  bool next_in_views_ = false;
};

}  // namespace sluice::smtp
