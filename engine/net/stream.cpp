#include "engine/net/stream.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/this_coro.hpp>

#include "engine/base/assert.hpp"
#include "engine/net/stream_core.hpp"

namespace sluice::net {

namespace {
void no_delay(Socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
}
}  // namespace

Stream::Stream(asio::io_context& context) : core_(std::make_shared<Core>(context)) {}

Stream::Stream(Socket accepted) : core_(std::make_shared<Core>(std::move(accepted))) {
  no_delay(core_->socket);
}

Stream::Stream(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Stream::Stream(Stream&&) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
  if (core_) core_->close();
  core_ = std::move(other.core_);
  return *this;
}

Stream::~Stream() {
  if (core_) core_->close();
}

Expected<Stream> Stream::adopt(asio::io_context& context, int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0)
    return fail(ErrorCode::invalid_input, "adopting a descriptor that is no socket");
  Socket socket(context);
  boost::system::error_code error;
  socket.assign(name.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd, error);
  if (error) return fail(ErrorCode::io, "adopting a socket: " + error.message());
  return Stream(std::move(socket));
}

Task<Expected<>> Stream::connect(Endpoint peer, std::optional<Address> local, Deadline deadline) {
  const auto core = core_;
  boost::system::error_code error;
  core->socket.open(peer.protocol(), error);
  if (error) co_return fail(ErrorCode::limit, "opening a socket: " + error.message());
  no_delay(core->socket);
  if (local) {
    // The port is chosen at connect time: 28 k ports per destination instead of 28 k altogether.
    const int on = 1;
    ::setsockopt(core->socket.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    core->socket.bind(Endpoint(*local, 0), error);
    if (error)
      co_return fail(ErrorCode::invalid_input, "binding to " + local->to_string() + ": " + error.message());
  }
  core->set_deadline(deadline);
  auto [connected] = co_await core->socket.async_connect(peer, kTuple);
  if (connected) {
    auto why = core->explain(connected);
    core->close();
    co_return std::unexpected(std::move(why));
  }
  co_return Expected<>();
}

void Stream::set_deadline(Deadline deadline) { core_->set_deadline(deadline); }

Task<Expected<std::size_t>> Stream::read_some(std::span<char> into) {
  SLUICE_ASSERT(!into.empty());
  const auto core = core_;
  if (!core->tls) {
    if (!core->socket.is_open()) co_return std::unexpected(core->explain({IoStatus::failed, 0, EBADF}));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      co_return fail(ErrorCode::cancelled, "read cancelled");
    // Asio's own receive: it remembers a drained socket and goes to epoll without a failing first recv.
    auto [error, n] = co_await core->socket.async_receive(asio::buffer(into.data(), into.size()), kTuple);
    if (!error) co_return n;
    if (error == asio::error::eof) co_return std::size_t{0};
    co_return std::unexpected(core->explain(error));
  }
  for (;;) {
    const auto step = core->try_read(into);
    if (step.status == IoStatus::done) co_return step.bytes;
    if (step.status == IoStatus::end) co_return std::size_t{0};
    if (step.status == IoStatus::failed) co_return std::unexpected(core->explain(step));
    auto waited = co_await core->wait(step.status);
    if (!waited) co_return std::unexpected(std::move(waited.error()));
  }
}

IoStep Stream::try_read(std::span<char> into) { return core_->try_read(into); }

Task<Expected<>> Stream::write(std::span<const std::string_view> buffers) {
  WriteCursor cursor(buffers);
  auto written = co_await write(cursor);
  co_return written;
}

Task<Expected<>> Stream::write(std::string_view bytes) {
  WriteCursor cursor(std::span(&bytes, 1));
  auto written = co_await write(cursor);
  co_return written;
}

IoStep Stream::try_write(WriteCursor& cursor) { return core_->try_write(cursor); }

Task<Expected<>> Stream::write(WriteCursor& cursor) {
  const auto core = core_;
  for (;;) {
    const auto step = core->try_write(cursor);
    if (step.status == IoStatus::done) co_return Expected<>();
    if (step.status == IoStatus::failed) co_return std::unexpected(core->explain(step));
    auto waited = co_await core->wait(step.status);
    if (!waited) co_return waited;
  }
}

Error Stream::explain(const IoStep& step) const { return core_->explain(step); }

Task<Expected<>> Stream::wait(IoStatus wanted) {
  const auto core = core_;
  auto waited = co_await core->wait(wanted);
  co_return waited;
}

Task<Expected<>> Stream::wait_readable(Deadline until) {
  const auto core = core_;
  core->gentle = true;
  core->set_deadline(until);
  auto waited = co_await core->wait(IoStatus::want_read);
  core->gentle = false;
  const bool passed = until.passed();
  core->set_deadline(Deadline::never());
  if (!waited && waited.error().code == ErrorCode::cancelled && passed)
    co_return fail(ErrorCode::timeout, "nothing came");
  co_return waited;
}

void Stream::interrupt() {
  boost::system::error_code ignored;
  core_->socket.cancel(ignored);
}

Task<Expected<>> Stream::start_tls(TlsClientContext& context, TlsClientRequest request, Deadline deadline) {
  const auto core = core_;
  SLUICE_ASSERT(!core->tls);
  core->set_deadline(deadline);
  auto made = TlsSession::client(core->socket.native_handle(), context, request.verify, request.host,
                                 request.cache_key);
  if (!made) co_return std::unexpected(std::move(made.error()));
  core->tls = std::move(*made);
  auto done = co_await handshake(core);
  co_return done;
}

Task<Expected<>> Stream::start_tls(const TlsServerContext& context, Deadline deadline) {
  const auto core = core_;
  SLUICE_ASSERT(!core->tls);
  core->set_deadline(deadline);
  auto made = TlsSession::server(core->socket.native_handle(), context);
  if (!made) co_return std::unexpected(std::move(made.error()));
  core->tls = std::move(*made);
  auto done = co_await handshake(core);
  co_return done;
}

Task<Expected<>> Stream::handshake(std::shared_ptr<Core> core) {
  for (;;) {
    if (!core->socket.is_open()) co_return std::unexpected(core->explain({IoStatus::failed, 0, EBADF}));
    const auto step = core->tls->handshake();
    if (step.status == IoStatus::done) co_return Expected<>();
    if (step.status == IoStatus::failed) co_return fail(core->explain(step), "TLS handshake");
    auto waited = co_await core->wait(step.status);
    if (!waited) co_return waited;
  }
}

void Stream::shutdown() {
  if (!core_->socket.is_open()) return;
  if (core_->tls) core_->tls->shutdown();
  boost::system::error_code ignored;
  core_->socket.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() { core_->close(); }

void Stream::abort() {
  boost::system::error_code ignored;
  core_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
  core_->close();
}

int Stream::release() {
  SLUICE_ASSERT(!core_->tls);
  if (!core_->socket.is_open()) return -1;
  boost::system::error_code error;
  const int fd = core_->socket.release(error);
  core_->close();
  return error ? -1 : fd;
}

bool Stream::is_open() const { return core_->socket.is_open(); }
bool Stream::timed_out() const { return core_->expired; }
bool Stream::is_tls() const { return core_->tls != nullptr; }
TlsSummary Stream::tls() const { return core_->tls ? core_->tls->summary() : TlsSummary(); }

Endpoint Stream::peer() const {
  boost::system::error_code error;
  auto out = core_->socket.remote_endpoint(error);
  return error ? Endpoint() : out;
}

Endpoint Stream::local() const {
  boost::system::error_code error;
  auto out = core_->socket.local_endpoint(error);
  return error ? Endpoint() : out;
}

}  // namespace sluice::net
