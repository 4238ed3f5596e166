// The server side of SMTP without I/O: bytes in, steps and reply bytes out.
//
// The driver loops: next() names what must happen outside, the driver does it and calls next() again.
//   read       write output() if any, then prepare(), read, received()
//   flush      write output(), nothing else (replies have piled up)
//   connect, mail, recipient, message   ask the handler, then answer(reply)
//   start_tls  write output(), shake hands, tls_started()
//   close      write output() if any, close
// Replies to a pipelined group pile up in output() until the machine has nothing left to read, so that a
// group gets one write. Feeding the same bytes in any pieces gives the same steps and replies.
//
// Guarantees: only CRLF.CRLF ends DATA; text with a bare CR or LF is never handed over (550 5.5.2), a command
// line with one ends the session; what a client sent behind STARTTLS in clear is dropped, never read as
// commands. content() is one contiguous buffer, dots removed in place. Memory: options.max_message_bytes + 2
// reads, and the replies. One thread. Errors are replies; nothing throws.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/net/buffer.hpp"
#include "engine/smtp/command_parser.hpp"
#include "engine/smtp/server_envelope.hpp"
#include "engine/smtp/server_options.hpp"
#include "engine/smtp/server_scanner.hpp"

namespace sluice::smtp {

class ServerMachine {
 public:
  enum class Step { read, flush, connect, mail, recipient, message, start_tls, close };

  /// `options` must outlive the machine. `implicit_tls`: the stream was encrypted before the first byte.
  ServerMachine(const ServerOptions& options, Peer peer, bool implicit_tls = false);

  [[nodiscard]] Step next();

  /// Room for the next read; never empty after Step::read.
  [[nodiscard]] std::span<char> prepare();
  void received(std::size_t n);
  /// Replies not yet written; the driver empties it.
  [[nodiscard]] std::string& output() { return output_; }

  /// The handler's verdict on the last connect (220 accepts), mail, recipient or message (2xx accept) step.
  /// 421 is written and ends the session. A default-made Reply (code 0) ends it without an answer.
  void answer(const message::Reply& reply);
  void tls_started(std::string version, std::string cipher);

  /// At mail: the sender without recipients; at recipient: those accepted before; at message: all. Valid
  /// until answer().
  [[nodiscard]] const Envelope& envelope() const { return envelope_; }
  [[nodiscard]] const Recipient& candidate() const { return candidate_; }
  [[nodiscard]] std::string_view content() const { return content_; }

  /// What the peer is to send next, and a number that changes when that wait begins anew: for deadlines.
  enum class Waiting { command, text };
  [[nodiscard]] Waiting waiting() const {
    return state_ == State::text || state_ == State::chunk ? Waiting::text : Waiting::command;
  }
  [[nodiscard]] std::uint64_t wait_number() const { return wait_number_; }
  /// No transaction is open and no part of a command was read: closing now loses nothing.
  [[nodiscard]] bool idle() const;

  /// End the session: 421 with these texts in output(), then Step::close.
  void timed_out();
  void shut_down();

  [[nodiscard]] std::size_t errors() const { return errors_; }
  [[nodiscard]] std::size_t messages() const { return messages_; }

 private:
  enum class State { start, command, skip_line, text, chunk, asking, closed };

  // server_machine.cpp
  bool read_command();
  void take_line(std::string_view line);
  void fail(message::Reply reply);
  void end(message::Reply reply);
  void reset_transaction();
  void answer_message(const message::Reply& reply);
  void count_refusal();
  Step ask(Step step);

  // server_commands.cpp
  void run(Command& command);
  void hello(const Command& command);
  void mail(Command& command);
  void rcpt(Command& command);
  void data();
  void bdat(const Command& command);
  void start_tls();
  void out_of_order(message::Reply reply);
  void say(std::uint16_t code, message::EnhancedCode enhanced, std::string text);
  [[nodiscard]] ParameterSet offered() const;
  [[nodiscard]] bool in_transaction() const { return transaction_; }

  // server_machine_text.cpp
  bool read_text();
  bool read_chunk();
  bool refuse_text();
  void finish_chunk();

  const ServerOptions& options_;
  net::ReadBuffer input_;
  std::string output_;
  Envelope envelope_;
  Recipient candidate_;
  State state_ = State::start;
  Step asked_ = Step::connect;

  TextScanner scanner_;
  std::string_view content_;
  std::size_t text_bytes_ = 0;  // at the front of input_: text scanned so far, with its terminator once seen
  std::string chunks_;          // BDAT chunks put together, when there are several
  std::uint64_t chunk_left_ = 0;  // bytes of the current chunk not yet seen
  bool chunk_last_ = false;
  bool chunk_refused_ = false;  // read the chunk, keep nothing, then say refusal_
  message::Reply refusal_;
  std::uint64_t dropped_ = 0;  // bytes of refused input in this session
  bool too_large_ = false;
  bool large_ = false;  // input_ has grown for a large message: give it back when empty

  bool transaction_ = false;
  bool excused_ = false;   // the handler has refused MAIL or a RCPT: what was pipelined behind it is no error
  bool chunking_ = false;  // a BDAT was accepted in this transaction
  std::size_t errors_ = 0;
  std::size_t idle_commands_ = 0;
  std::size_t refusals_ = 0;
  std::size_t messages_ = 0;
  std::uint64_t wait_number_ = 0;
};

}  // namespace sluice::smtp
