#include "engine/smtp/client_connection.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/assert.hpp"

namespace sluice::smtp {

using net::Deadline;
using net::IoStatus;
using net::Task;

namespace {

std::size_t buffer_cap(const ClientOptions& options) {
  return std::max({options.reply_limits.max_line_bytes * 2, options.read_buffer_bytes, std::size_t{4096}});
}

constexpr std::chrono::seconds kFarewell{2};  ///< for the server to close after its reply to QUIT
constexpr unsigned kMostFarewells = 16;       ///< reads of what it says instead
constexpr unsigned kMostGreetings = 3;  ///< a receiver that refuses us thrice would refuse us everywhere

FailedOpen failed(const OpenFailure& failure, const TargetHost& host) {
  FailedOpen out;
  static_cast<OpenFailure&>(out) = failure;
  out.peer = host.endpoint;
  out.host = host.name;
  return out;
}

bool was_cancelled(const OpenFailure& failure) {
  return failure.error && failure.error->code == ErrorCode::cancelled;
}

Error at_stage(Stage stage, Error cause) {
  cause.text = std::string(row_of(stage).doing) + ": " + cause.text;
  return cause;
}

}  // namespace

ClientConnection::ClientConnection(net::asio::io_context& context, net::TlsClientContext& tls,
                                   ClientOptions options)
    : context_(context),
      tls_(tls),
      options_(std::move(options)),
      stream_(context),
      buffer_(buffer_cap(options_), options_.read_buffer_bytes),
      parser_(options_.reply_limits) {}

void ClientConnection::start_afresh() {
  stream_ = net::Stream(context_);
  buffer_.clear();
  parser_ = ReplyParser(options_.reply_limits);
  server_ = {};
  ready_ = false;
  messages_ = 0;
  begun_ = 0;
  current_ = {};
  next_ = {};
}

Task<std::expected<Opened, FailedOpen>> ClientConnection::open(Target target) {
  dead_.clear();
  auto result = co_await open_some(std::move(target));
  (result ? result->dead : result.error().dead) = std::move(dead_);
  co_return result;
}

Task<std::expected<Opened, FailedOpen>> ClientConnection::open_some(Target target) {
  std::optional<FailedOpen> refusal;  // says more than that the hosts behind it could not be reached
  std::size_t from = 0;
  for (unsigned greeted = 1;; ++greeted, from = at_ + 1) {
    auto opened = co_await open_session(target, from, true);
    if (!opened && opened.error().stage == Stage::starttls && options_.tls == TlsPolicy::opportunistic &&
        retry_in_plain_text_) {
      opened = co_await open_session(target, at_, false);
      if (opened) opened->fell_back_to_plain_text = true;
    }
    if (!opened && refusal && opened.error().stage == Stage::connect) co_return std::unexpected(*refusal);
    const bool silent = !opened && opened.error().stage == Stage::banner && opened.error().error;
    if (silent && !was_cancelled(opened.error())) dead_.push_back(tried_.endpoint);
    const bool unwelcome = !opened && opened.error().stage == Stage::banner && !was_cancelled(opened.error());
    if (!unwelcome || greeted == kMostGreetings || at_ + 1 >= target.hosts.size()) co_return opened;
    refusal = opened.error();
  }
}

Task<Expected<>> ClientConnection::connect(const Target& target, std::size_t from) {
  Error last{ErrorCode::invalid_input, "the target has no address of the source's family"};
  for (at_ = from; at_ < target.hosts.size(); ++at_) {
    const auto& host = target.hosts[at_];
    if (target.local && target.local->is_v6() != host.endpoint.address().is_v6()) continue;
    start_afresh();
    tried_ = host;
    const auto deadline = Deadline::after(options_.timeouts[Stage::connect]);
    auto connected = co_await stream_.connect(host.endpoint, target.local, deadline);
    if (connected) co_return connected;
    last = std::move(connected.error());
    if (last.code == ErrorCode::cancelled) break;
    dead_.push_back(host.endpoint);
  }
  co_return std::unexpected(at_stage(Stage::connect, std::move(last)));
}

Task<std::expected<Opened, FailedOpen>> ClientConnection::open_session(const Target& target, std::size_t from,
                                                                       bool allow_starttls) {
  retry_in_plain_text_ = false;
  tried_ = {};
  StageClock clock;
  auto connected = co_await connect(target, from);
  clock.lap(Stage::connect);
  if (!connected)
    co_return std::unexpected(failed({Stage::connect, {}, std::move(connected.error())}, tried_));

  const bool known_broken = tried_.tls_broken && options_.tls == TlsPolicy::opportunistic;
  Opening opening(options_, allow_starttls && !known_broken);
  auto action = opening.start();
  while (action != Opening::Do::ready && action != Opening::Do::failed) {
    if (action == Opening::Do::start_tls) {
      action = co_await secure(opening, target);
      clock.lap(Stage::starttls);
      continue;
    }
    if (action == Opening::Do::write) {
      auto written = co_await write_command(commands_, opening.stage());
      if (!written) {
        action = opening.on_lost(written.error());
        continue;
      }
    }
    const auto stage = opening.stage();
    auto reply = co_await read_reply(stage);
    clock.lap(stage);
    commands_.clear();
    action = reply ? opening.on_reply(std::move(*reply), commands_) : opening.on_lost(reply.error());
  }
  commands_.clear();
  if (action == Opening::Do::failed) {
    retry_in_plain_text_ = opening.retry_in_plain_text();
    close();
    co_return std::unexpected(failed(opening.failure(), tried_));
  }
  server_ = opening.server();
  ready_ = true;
  co_return Opened{tried_.endpoint,
                   tried_.name,
                   opening.greeting(),
                   server_,
                   stream_.tls(),
                   opening.used_helo(),
                   false,
                   known_broken && server_.starttls,
                   {},
                   clock.times()};
}

Task<Opening::Do> ClientConnection::secure(Opening& opening, const Target& target) {
  commands_.clear();
  if (!buffer_.empty()) co_return opening.on_injection();
  const net::TlsClientRequest request{
      options_.tls == TlsPolicy::verified ? net::TlsVerify::peer : net::TlsVerify::none, tried_.name,
      target.session_key.empty() ? "" : target.session_key + '|' + tried_.name};
  const auto deadline = Deadline::after(options_.timeouts[Stage::starttls]);
  auto secured = co_await stream_.start_tls(tls_, request, deadline);
  if (!secured) co_return opening.on_handshake_failed(secured.error());
  co_return opening.on_secured(stream_.tls().verified, commands_);
}

Task<Expected<>> ClientConnection::write_command(std::string_view command, Stage stage) {
  stream_.set_deadline(Deadline::after(options_.timeouts[stage]));
  auto written = co_await stream_.write(command);
  if (!written) co_return std::unexpected(at_stage(stage, std::move(written.error())));
  co_return written;
}

std::optional<Expected<message::Reply>> ClientConnection::buffered_reply(Stage stage) {
  if (buffer_.empty()) return std::nullopt;
  const auto fed = parser_.feed(buffer_.unread());
  buffer_.consume(fed.consumed);
  if (fed.status == ReplyParser::Status::complete) return parser_.take();
  if (fed.status == ReplyParser::Status::need_more) return std::nullopt;
  return fail(at_stage(stage, {ErrorCode::invalid_input, std::string(parser_.problem())}), "protocol error");
}

Task<Expected<message::Reply>> ClientConnection::read_reply(Stage stage) {
  // One deadline a reply, not a read: a server that drips bytes gains nothing.
  stream_.set_deadline(Deadline::after(options_.timeouts[stage]));
  for (;;) {
    if (auto reply = buffered_reply(stage)) co_return std::move(*reply);
    const auto room = buffer_.prepare(512);
    SLUICE_ASSERT(!room.empty());  // the parser refuses a line long before the buffer is full
    auto n = co_await stream_.read_some(room);
    if (!n) co_return std::unexpected(at_stage(stage, std::move(n.error())));
    if (*n == 0) co_return std::unexpected(at_stage(stage, {ErrorCode::unavailable, "the server closed"}));
    buffer_.commit(*n);
  }
}

Task<> ClientConnection::quit() {
  if (ready_ && !next_begun() && buffer_.empty() && stream_.is_open()) {
    const auto written = co_await write_command("QUIT\r\n", Stage::quit);
    if (written) (void)co_await read_reply(Stage::quit);
    stream_.shutdown();
    if (written) co_await see_it_close();
  }
  close();
}

/// Until then it counts this connection among those we have open, and may refuse the next one for it.
Task<> ClientConnection::see_it_close() {
  stream_.set_deadline(Deadline::after(kFarewell));
  for (unsigned reads = 0; reads < kMostFarewells; ++reads) {
    buffer_.clear();
    const auto room = buffer_.prepare(512);
    const auto n = co_await stream_.read_some(room);
    if (!n || *n == 0) co_return;
  }
}

Task<IdleEnd> ClientConnection::idle(Deadline until) {
  SLUICE_ASSERT(usable() && !next_begun());
  woken_ = false;
  buffer_.release_if_empty();
  content_.trim(0);
  IdleEnd end;
  while (buffer_.empty()) {
    char byte;
    const auto step = stream_.try_read(std::span(&byte, 1));
    if (step.status == IoStatus::done) {
      buffer_.prepare(512).front() = byte;
      buffer_.commit(1);
      break;
    }
    if (step.status == IoStatus::end || step.status == IoStatus::failed) {
      end.error = step.status == IoStatus::end ? Error{ErrorCode::unavailable, "the server closed"}
                                               : stream_.explain(step);
      close();
      co_return end;
    }
    auto waited = co_await stream_.wait_readable(until);
    if (waited) continue;
    if (woken_ || waited.error().code == ErrorCode::timeout) {
      end.how = woken_ ? IdleEnd::How::woken : IdleEnd::How::waited;
      co_return end;
    }
    end.error = std::move(waited.error());
    close();
    co_return end;
  }
  // It spoke or left without being asked: whatever it said, this connection is over.
  auto reply = co_await read_reply(Stage::quit);
  if (reply) {
    end.reply = std::move(*reply);
  } else {
    end.error = std::move(reply.error());
  }
  close();
  co_return end;
}

void ClientConnection::wake() {
  woken_ = true;
  stream_.interrupt();
}

bool ClientConnection::usable() const {
  return ready_ && stream_.is_open() && (next_begun() || may_take_another());
}

void ClientConnection::close() {
  ready_ = false;
  begun_ = 0;
  stream_.close();
}

}  // namespace sluice::smtp
