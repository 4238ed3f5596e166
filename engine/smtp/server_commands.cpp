// What each command does (RFC 5321 §4.1.1).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/smtp/server_machine.hpp"
#include "engine/smtp/server_reply.hpp"

namespace sluice::smtp {
namespace {

void assign(Mailbox& to, const Path& from) {
  to.address = from.address;
  to.at = from.at;
}

}  // namespace

ParameterSet ServerMachine::offered() const {
  const bool esmtp = envelope_.esmtp;
  return {.size = esmtp,
          .eight_bit_mime = esmtp,
          .smtputf8 = esmtp && options_.smtputf8,
          .dsn = esmtp && options_.dsn};
}

void ServerMachine::say(std::uint16_t code, message::EnhancedCode enhanced, std::string text) {
  append_reply(output_, {code, enhanced, std::move(text)});
}

void ServerMachine::run(Command& command) {
  switch (command.verb) {
    case Verb::mail:
      return mail(command);
    case Verb::rcpt:
      return rcpt(command);
    case Verb::data:
      return data();
    case Verb::bdat:
      return bdat(command);
    case Verb::helo:
    case Verb::ehlo:
      return hello(command);
    case Verb::rset:
      reset_transaction();
      return say(250, {2, 0, 0}, "OK");
    case Verb::noop:
      return say(250, {2, 0, 0}, "OK");
    case Verb::quit:
      return end({221, {2, 0, 0}, options_.hostname + " Bye"});
    case Verb::starttls:
      return start_tls();
    case Verb::vrfy:
      return say(252, {2, 0, 0}, "Cannot verify, but will take a message and try to deliver it");
    case Verb::help:
      return say(214, {2, 0, 0}, "See RFC 5321");
    case Verb::expn:
    case Verb::auth:
      return fail({502, {5, 5, 1}, "Command not implemented"});
    case Verb::foreign:
      return end({500, {5, 5, 1}, "This is an SMTP server, closing"});
    case Verb::unknown:
      return fail({500, {5, 5, 1}, "Command not recognized"});
  }
}

void ServerMachine::hello(const Command& command) {
  reset_transaction();
  envelope_.hello = command.argument;
  envelope_.esmtp = command.verb == Verb::ehlo;
  if (!envelope_.esmtp) return say(250, {}, options_.hostname);
  auto text = fmt::format("{}\nPIPELINING\nSIZE {}\n8BITMIME\nENHANCEDSTATUSCODES", options_.hostname,
                          options_.max_message_bytes);
  if (options_.smtputf8) text += "\nSMTPUTF8";
  if (options_.dsn) text += "\nDSN";
  if (options_.chunking) text += "\nCHUNKING";
  if (options_.starttls && !envelope_.tls) text += "\nSTARTTLS";
  say(250, {}, std::move(text));
}

void ServerMachine::mail(Command& command) {
  if (envelope_.hello.empty()) return fail({503, {5, 5, 1}, "Say EHLO first"});
  if (in_transaction()) return fail({503, {5, 5, 1}, "Sender already given"});
  if (options_.require_tls && !envelope_.tls) return fail({530, {5, 7, 0}, "Issue STARTTLS first"});
  if (options_.max_messages != 0 && messages_ >= options_.max_messages) {
    return end({421, {4, 7, 0}, "Too many messages on this connection, closing"});
  }
  if (command.mail.size.value_or(0) > options_.max_message_bytes) {
    return fail({552, {5, 3, 4}, "Message too large"});
  }
  if (command.path.utf8 && !command.mail.smtputf8) return fail({553, {5, 6, 7}, "Address needs SMTPUTF8"});
  assign(envelope_.sender, command.path);
  envelope_.parameters = std::move(command.mail);
  ask(Step::mail);
}

void ServerMachine::rcpt(Command& command) {
  if (!in_transaction() || chunking_) return out_of_order({503, {5, 5, 1}, "MAIL first"});
  if (envelope_.recipients.size() >= options_.max_recipients) {
    return say(452, {4, 5, 3}, "Too many recipients");
  }
  if (command.path.utf8 && !envelope_.parameters.smtputf8) {
    return fail({553, {5, 6, 7}, "Address needs SMTPUTF8"});
  }
  assign(candidate_.mailbox, command.path);
  candidate_.parameters = std::move(command.recipient);
  ask(Step::recipient);
}

/// A step without what must come before it; no error when that was pipelined and refused (RFC 2920 §3.1).
void ServerMachine::out_of_order(message::Reply reply) {
  if (excused_) return say(reply.code, reply.enhanced, std::move(reply.text));
  fail(std::move(reply));
}

void ServerMachine::data() {
  if (!in_transaction() || chunking_) return out_of_order({503, {5, 5, 1}, "MAIL and RCPT first"});
  if (envelope_.recipients.empty()) return out_of_order({554, {5, 5, 1}, "No valid recipients"});
  say(354, {}, "End data with <CR><LF>.<CR><LF>");
  scanner_ = TextScanner(TextScanner::Framing::dots, options_.max_text_line_bytes);
  state_ = State::text;
}

void ServerMachine::start_tls() {
  if (!options_.starttls || envelope_.tls) return fail({503, {5, 5, 1}, "STARTTLS not available"});
  say(220, {2, 0, 0}, "Ready to start TLS");
  ask(Step::start_tls);
}

void ServerMachine::bdat(const Command& command) {
  if (!options_.chunking) return end({502, {5, 5, 1}, "BDAT not offered, closing"});
  chunk_left_ = command.chunk_bytes;
  chunk_last_ = command.last;
  chunk_refused_ = true;
  state_ = State::chunk;
  if (!in_transaction()) {
    refusal_ = {503, {5, 5, 1}, "MAIL and RCPT first"};
  } else if (envelope_.recipients.empty()) {
    refusal_ = {554, {5, 5, 1}, "No valid recipients"};
  } else if (command.chunk_bytes > options_.max_message_bytes - chunks_.size()) {
    refusal_ = {552, {5, 3, 4}, "Message too large"};
  } else {
    chunk_refused_ = false;
  }
  const auto droppable =
      options_.max_dropped_bytes - std::min<std::uint64_t>(dropped_, options_.max_dropped_bytes);
  if (chunk_refused_ && command.chunk_bytes > droppable) {
    return end({421, {4, 7, 0}, "Too much refused input, closing"});
  }
  if (!chunk_refused_ && !chunking_) {
    chunking_ = true;
    scanner_ = TextScanner(TextScanner::Framing::counted, options_.max_text_line_bytes);
  }
}

}  // namespace sluice::smtp
