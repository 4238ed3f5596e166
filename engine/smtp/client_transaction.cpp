#include "engine/smtp/client_transaction.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "engine/base/assert.hpp"

namespace sluice::smtp {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

bool is_ok(const message::Reply& reply) { return reply.code >= 200 && reply.code < 300; }
bool is_go_ahead(const message::Reply& reply) { return reply.code >= 300 && reply.code < 400; }

constexpr std::uint16_t kClosing = 421;  // RFC 5321 §3.8: may answer any command

}  // namespace

Transaction::Do Transaction::begin(const Envelope& envelope, const Capabilities& server,
                                   const ClientOptions& options, const Plan& plan, std::string& out) {
  plan_ = plan;
  phase_ = Phase::over;
  accepted_ = 0;
  mail_accepted_ = content_left_ = false;
  needs_reset_ = plan.reset_first;
  recipients_ = envelope.recipients;
  results_.clear();
  results_.resize(envelope.recipients.size());
  states_.assign(envelope.recipients.size(), State::pending);
  if (const auto failure = refuse_here(envelope, server); failure != LocalFailure::none) {
    (void)give_up(failure);
    return Do::done;
  }
  refuse_recipients(envelope, options);
  rcpt_ = next_recipient(0);
  if (rcpt_ == results_.size()) return end(Do::done);

  add_mail(envelope, server);
  needs_reset_ = false;
  if (plan.reset_first) out += "RSET\r\n";
  phase_ = plan.reset_first ? Phase::rset : Phase::mail;
  if (!plan.pipelining) {
    if (!plan.reset_first) out += mail_command_;
    return Do::write;
  }
  out += mail_command_;
  for (auto i = rcpt_; i < results_.size(); i = next_recipient(i + 1)) add_recipient(i, out);
  add_data(out);
  recipients_ = {};
  return plan.end == ContentEnd::chunk ? Do::write_content : Do::write;
}

LocalFailure Transaction::refuse_here(const Envelope& envelope, const Capabilities& server) const {
  if (plan_.refuse != LocalFailure::none) return plan_.refuse;
  if (envelope.smtp_utf8 && !server.smtp_utf8) return LocalFailure::utf8_not_offered;
  if (envelope.eight_bit && !server.eight_bit_mime) return LocalFailure::eight_bit_not_offered;
  if (server.max_size != 0 && envelope.size_bytes > server.max_size) return LocalFailure::too_large;
  if (!is_legal_path(envelope.sender, envelope.smtp_utf8)) return LocalFailure::illegal_address;
  return LocalFailure::none;
}

void Transaction::refuse_recipients(const Envelope& envelope, const ClientOptions& options) {
  std::size_t legal = 0;
  for (std::size_t i = 0; i < results_.size(); ++i) {
    const auto address = envelope.recipients[i];
    auto failure = LocalFailure::none;
    if (address.empty() || !is_legal_path(address, envelope.smtp_utf8)) {
      failure = LocalFailure::illegal_address;
    } else if (++legal > options.max_recipients) {
      failure = LocalFailure::too_many_recipients;
    }
    if (failure == LocalFailure::none) continue;
    results_[i].stage = Stage::rcpt;
    results_[i].local = failure;
    states_[i] = State::resolved;
  }
}

void Transaction::add_mail(const Envelope& envelope, const Capabilities& server) {
  mail_command_ = "MAIL FROM:<";
  mail_command_ += envelope.sender;
  mail_command_ += '>';
  if (server.size && envelope.size_bytes != 0) {
    mail_command_ += " SIZE=";
    append_number(mail_command_, envelope.size_bytes);
  }
  if (envelope.eight_bit) mail_command_ += " BODY=8BITMIME";
  if (envelope.smtp_utf8) mail_command_ += " SMTPUTF8";
  recipient_suffix_.clear();
  if (server.dsn) {
    const auto& report = envelope.report;
    if (!report.ret.empty()) mail_command_.append(" RET=").append(report.ret);
    if (!report.envid.empty()) mail_command_.append(" ENVID=").append(report.envid);
    if (!report.notify.empty()) recipient_suffix_.append(" NOTIFY=").append(report.notify);
    if (!report.orcpt.empty()) recipient_suffix_.append(" ORCPT=").append(report.orcpt);
  }
  mail_command_ += "\r\n";
}

void Transaction::add_recipient(std::size_t index, std::string& out) const {
  out += "RCPT TO:<";
  out += recipients_[index];
  out += '>';
  out += recipient_suffix_;
  out += "\r\n";
}

void Transaction::add_data(std::string& out) const {
  if (plan_.end == ContentEnd::final_dot) {
    out += "DATA\r\n";
    return;
  }
  out += "BDAT ";
  append_number(out, plan_.content_bytes);
  out += " LAST\r\n";
}

std::size_t Transaction::next_recipient(std::size_t from) const {
  while (from < states_.size() && results_[from].local != LocalFailure::none) ++from;
  return from;
}

Stage Transaction::stage() const {
  switch (phase_) {
    case Phase::rset:
      return Stage::rset;
    case Phase::mail:
      return Stage::mail;
    case Phase::rcpt:
      return Stage::rcpt;
    case Phase::data:
      return Stage::data;
    case Phase::content:
    case Phase::dot:
    case Phase::lone_dot:
    case Phase::over:
      break;
  }
  return Stage::dot;
}

Transaction::Do Transaction::on_reply(message::Reply reply, std::string& out) {
  if (reply.code == kClosing) {
    resolve_open(stage(), std::move(reply));
    return end(Do::close);
  }
  switch (phase_) {
    case Phase::rset:
      return on_rset(std::move(reply), out);
    case Phase::mail:
      return on_mail(std::move(reply), out);
    case Phase::rcpt:
      return on_rcpt(std::move(reply), out);
    case Phase::data:
      return on_data(std::move(reply));
    case Phase::dot:
      return on_dot(std::move(reply));
    case Phase::lone_dot:
      return is_go_ahead(reply) ? out_of_step(reply) : end(Do::done);
    case Phase::content:
    case Phase::over:
      break;
  }
  return out_of_step(reply);
}

Transaction::Do Transaction::on_rset(message::Reply reply, std::string& out) {
  if (!is_ok(reply)) {
    resolve_open(Stage::rset, std::move(reply));
    return end(Do::close);
  }
  phase_ = Phase::mail;
  if (plan_.pipelining) return Do::read;
  out += mail_command_;
  return Do::write;
}

Transaction::Do Transaction::on_mail(message::Reply reply, std::string& out) {
  if (is_go_ahead(reply)) return out_of_step(reply);
  mail_accepted_ = is_ok(reply);
  if (!mail_accepted_) resolve_open(Stage::mail, std::move(reply));
  if (!mail_accepted_ && !plan_.pipelining) return end(Do::done);
  phase_ = Phase::rcpt;
  if (plan_.pipelining) return Do::read;
  add_recipient(rcpt_, out);
  return Do::write;
}

Transaction::Do Transaction::on_rcpt(message::Reply reply, std::string& out) {
  if (is_go_ahead(reply)) return out_of_step(reply);
  if (mail_accepted_ && is_ok(reply)) {
    states_[rcpt_] = State::accepted;
    ++accepted_;
  } else if (mail_accepted_) {
    resolve(rcpt_, Stage::rcpt, std::move(reply));
  }
  rcpt_ = next_recipient(rcpt_ + 1);
  if (rcpt_ == results_.size()) return after_rcpts(out);
  if (plan_.pipelining) return Do::read;
  add_recipient(rcpt_, out);
  return Do::write;
}

Transaction::Do Transaction::after_rcpts(std::string& out) {
  phase_ = plan_.end == ContentEnd::chunk ? Phase::dot : Phase::data;
  if (plan_.pipelining) return Do::read;
  if (accepted_ == 0) {
    needs_reset_ = true;
    return end(Do::done);
  }
  add_data(out);
  return plan_.end == ContentEnd::chunk ? Do::write_content : Do::write;
}

Transaction::Do Transaction::on_data(message::Reply reply) {
  if (is_ok(reply)) return out_of_step(reply);
  if (!is_go_ahead(reply)) {
    resolve_open(Stage::data, std::move(reply));
    needs_reset_ = mail_accepted_;
    return end(Do::done);
  }
  if (accepted_ == 0) {
    phase_ = Phase::lone_dot;
    return Do::write_dot;
  }
  phase_ = Phase::dot;
  return Do::write_content;
}

Transaction::Do Transaction::on_dot(message::Reply reply) {
  if (is_go_ahead(reply)) return out_of_step(reply);
  needs_reset_ = plan_.end == ContentEnd::chunk && mail_accepted_ && !is_ok(reply);
  resolve_open(Stage::dot, std::move(reply));
  return end(Do::done);
}

Transaction::Do Transaction::out_of_step(const message::Reply& reply) {
  return on_lost({ErrorCode::invalid_input, "protocol error: reply " + std::to_string(reply.code) +
                                                " while " + std::string(row_of(stage()).doing)});
}

Transaction::Do Transaction::on_lost(const Error& error) {
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (states_[i] == State::resolved) continue;
    results_[i].stage = content_left_ ? Stage::dot : stage();
    results_[i].error = error;
    results_[i].in_doubt = content_left_;
    states_[i] = State::resolved;
  }
  return end(Do::close);
}

Transaction::Do Transaction::give_up(LocalFailure failure) {
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (states_[i] == State::resolved) continue;
    results_[i].stage = Stage::mail;
    results_[i].local = failure;
    states_[i] = State::resolved;
  }
  return end(Do::close);
}

void Transaction::resolve(std::size_t index, Stage at, message::Reply reply) {
  results_[index].stage = at;
  results_[index].reply = std::move(reply);
  states_[index] = State::resolved;
}

void Transaction::resolve_open(Stage at, message::Reply reply) {
  if (states_.size() == 1 && states_[0] != State::resolved) return resolve(0, at, std::move(reply));
  for (std::size_t i = 0; i < results_.size(); ++i) {
    if (states_[i] != State::resolved) resolve(i, at, reply);
  }
}

Transaction::Do Transaction::end(Do how) {
  phase_ = Phase::over;
  return how;
}

std::vector<RecipientResult> Transaction::take_results() {
  SLUICE_ASSERT(phase_ == Phase::over);
  SLUICE_ASSERT(std::ranges::all_of(states_, [](State s) { return s == State::resolved; }));
  states_.clear();
  return std::exchange(results_, {});
}

}  // namespace sluice::smtp
