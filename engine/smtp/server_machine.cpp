#include "engine/smtp/server_machine.hpp"

#include <utility>

#include "engine/base/assert.hpp"
#include "engine/smtp/server_reply.hpp"

namespace sluice::smtp {

using message::Reply;

ServerMachine::ServerMachine(const ServerOptions& options, Peer peer, bool implicit_tls)
    : options_(options),
      // Stuffed dots are at most a third more: ".x<CRLF>" is the shortest line that has one.
      input_(options.max_message_bytes + options.max_message_bytes / 3 + 2 * options.read_bytes +
                 options.max_command_bytes,
             options.read_bytes),
      scanner_(TextScanner::Framing::dots, options.max_text_line_bytes) {
  envelope_.peer = std::move(peer);
  envelope_.tls = implicit_tls;
}

ServerMachine::Step ServerMachine::next() {
  for (;;) {
    if (output_.size() >= options_.max_reply_bytes) return Step::flush;
    switch (state_) {
      case State::start:
        return ask(Step::connect);
      case State::asking:
        return asked_;
      case State::closed:
        return Step::close;
      case State::command:
      case State::skip_line:
        if (!read_command()) return Step::read;
        break;
      case State::text:
        if (!read_text()) return Step::read;
        break;
      case State::chunk:
        if (!read_chunk()) return Step::read;
        break;
    }
  }
}

std::span<char> ServerMachine::prepare() {
  if (large_ && input_.empty()) {
    input_.release_if_empty();
    large_ = false;
  }
  return input_.prepare(options_.read_bytes);
}

void ServerMachine::received(std::size_t n) { input_.commit(n); }

ServerMachine::Step ServerMachine::ask(Step step) {
  state_ = State::asking;
  asked_ = step;
  return step;
}

/// Takes one command line off the input; false when it is not there whole.
bool ServerMachine::read_command() {
  const auto unread = input_.unread();
  const auto lf = unread.find('\n');
  const bool whole = lf != std::string_view::npos;
  if (whole && (lf == 0 || unread[lf - 1] != '\r')) {
    end({500, {5, 5, 2}, "Bare LF received, closing"});
    return true;
  }
  const auto n = whole ? lf + 1 : unread.size();
  if (state_ != State::skip_line && n <= options_.max_command_bytes) {
    if (!whole) return false;
    take_line(unread.substr(0, n - 2));
    input_.consume(n);
    return true;
  }
  if (whole) {
    input_.consume(n);
    state_ = State::command;
    ++wait_number_;
    fail({500, {5, 5, 2}, "Line too long"});
    return true;
  }
  if (n == 0) return false;
  state_ = State::skip_line;
  dropped_ += n - 1;
  input_.consume(n - 1);  // the last byte may be the CR of the line's end
  if (dropped_ <= options_.max_dropped_bytes) return false;
  end({421, {4, 7, 0}, "Too much refused input, closing"});
  return true;
}

void ServerMachine::take_line(std::string_view line) {
  ++wait_number_;
  if (line.contains('\r')) return end({500, {5, 5, 2}, "Bare CR received, closing"});
  auto command = parse_command(line, offered());
  if (++idle_commands_ > options_.max_idle_commands) {
    return end({421, {4, 7, 0}, "Too many commands without mail, closing"});
  }
  if (command) return run(*command);
  // The bytes behind a BDAT that cannot be read are a chunk of unknown length: never to be taken for
  // commands.
  if (command.error().verb == Verb::bdat) return end(std::move(command.error().reply));
  fail(std::move(command.error().reply));
}

void ServerMachine::fail(Reply reply) {
  append_reply(output_, reply);
  if (reply.code == 421) {
    state_ = State::closed;
  } else if (++errors_ >= options_.max_errors) {
    end({421, {4, 7, 0}, "Too many errors, closing"});
  }
}

void ServerMachine::end(Reply reply) {
  append_reply(output_, reply);
  state_ = State::closed;
}

void ServerMachine::reset_transaction() {
  transaction_ = false;
  excused_ = false;
  chunking_ = false;
  envelope_.sender = {};
  envelope_.parameters = {};
  envelope_.recipients.clear();
  content_ = {};
  text_bytes_ = 0;
  too_large_ = false;
  chunks_.clear();
  if (chunks_.capacity() > options_.read_bytes) chunks_.shrink_to_fit();
}

void ServerMachine::answer(const Reply& reply) {
  SLUICE_ASSERT(state_ == State::asking && asked_ != Step::start_tls);
  ++wait_number_;
  if (reply.code == 0) {
    state_ = State::closed;
    return;
  }
  state_ = State::command;
  switch (asked_) {
    case Step::connect:
      if (reply.positive()) {
        append_reply(output_, {220, {}, options_.hostname + ' ' + options_.product});
      } else {
        end(reply);
      }
      return;
    case Step::mail:
      append_reply(output_, reply);
      if (reply.positive()) {
        transaction_ = true;
        excused_ = false;
      } else {
        reset_transaction();
        count_refusal();
      }
      break;
    case Step::recipient:
      append_reply(output_, reply);
      if (reply.positive()) {
        idle_commands_ = 0;
        envelope_.recipients.push_back(std::move(candidate_));
      } else {
        count_refusal();
      }
      break;
    default:
      answer_message(reply);
      break;
  }
  if (reply.code == 421) state_ = State::closed;
}

/// Refusals have a limit of their own, apart from idle commands and errors.
void ServerMachine::count_refusal() {
  excused_ = true;
  idle_commands_ = 0;
  if (++refusals_ == options_.max_refusals) end({421, {4, 7, 0}, "Too many refused addresses, closing"});
}

void ServerMachine::answer_message(const Reply& reply) {
  append_reply(output_, reply);
  if (reply.positive()) ++messages_;
  large_ = large_ || text_bytes_ > options_.read_bytes;
  input_.consume(text_bytes_);
  reset_transaction();
}

void ServerMachine::tls_started(std::string version, std::string cipher) {
  SLUICE_ASSERT(state_ == State::asking && asked_ == Step::start_tls);
  input_.clear();  // sent in clear, perhaps by somebody between us: RFC 3207 §4.2, CVE-2011-0411
  reset_transaction();
  envelope_.hello.clear();
  envelope_.esmtp = false;
  envelope_.tls = true;
  envelope_.tls_version = std::move(version);
  envelope_.tls_cipher = std::move(cipher);
  state_ = State::command;
  ++wait_number_;
}

bool ServerMachine::idle() const { return state_ == State::command && !transaction_ && input_.empty(); }

void ServerMachine::timed_out() {
  end({421, {4, 4, 2}, options_.hostname + " Timed out waiting for you, closing"});
}

void ServerMachine::shut_down() { end({421, {4, 3, 2}, options_.hostname + " Shutting down, closing"}); }

}  // namespace sluice::smtp
