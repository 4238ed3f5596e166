#include "engine/net/stream_core.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>

namespace sluice::net {

void Stream::Core::set_deadline(Deadline wanted) {
  deadline = wanted;
  if (wanted < armed) arm(wanted.sooner(Deadline::after(kWatchdogTick)));
}

void Stream::Core::arm(Deadline until) {
  if (until >= armed) return;
  armed = until;
  watchdog.expires_at(until.time());
  watchdog.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;  // re-armed or closed
    if (const auto self = weak.lock()) self->on_watchdog();
  });
}

void Stream::Core::on_watchdog() {
  armed = Deadline::never();
  if (deadline.passed()) {
    if (gentle) {
      boost::system::error_code ignored;
      socket.cancel(ignored);
      return;
    }
    expired = true;
    close();
  } else if (!deadline.is_never() && socket.is_open()) {
    arm(deadline.sooner(Deadline::after(kWatchdogTick)));
  }
}

void Stream::Core::close() {
  armed = Deadline::never();
  deadline = Deadline::never();
  watchdog.cancel();
  boost::system::error_code ignored;
  socket.close(ignored);
}

IoStep Stream::Core::try_read(std::span<char> into) {
  if (!socket.is_open()) return {IoStatus::failed, 0, EBADF};
  if (tls) return tls->read(into);
  for (;;) {
    const auto n = ::recv(socket.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (n > 0) return {IoStatus::done, static_cast<std::size_t>(n)};
    if (n == 0) return {IoStatus::end};
    if (errno == EAGAIN) return {IoStatus::want_read};
    if (errno != EINTR) return {IoStatus::failed, 0, errno};
  }
}

IoStep Stream::Core::try_write(WriteCursor& cursor) {
  if (!socket.is_open()) return {IoStatus::failed, 0, EBADF};
  return tls ? try_write_tls(cursor) : try_write_plain(cursor);
}

IoStep Stream::Core::try_write_plain(WriteCursor& cursor) {
  while (!cursor.done()) {
    std::array<iovec, 64> parts;
    std::size_t count = 0;
    const auto add = [&](std::string_view view) {
      if (!view.empty()) parts[count++] = {const_cast<char*>(view.data()), view.size()};
    };
    add(cursor.first());
    for (const auto view : cursor.others()) {
      if (count == parts.size()) break;
      add(view);
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const auto n = ::sendmsg(socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      cursor.advance(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      return {IoStatus::want_write};
    } else if (errno != EINTR) {
      return {IoStatus::failed, 0, errno};
    }
  }
  return {IoStatus::done};
}

IoStep Stream::Core::try_write_tls(WriteCursor& cursor) {
  constexpr std::size_t kRecord = 16384;  // RFC 8446 §5.1
  thread_local std::array<char, kRecord> record;
  while (!cursor.done()) {
    auto chunk = cursor.first().substr(0, kRecord);
    if (chunk.size() < kRecord && !cursor.others().empty()) {
      std::size_t filled = chunk.size();
      std::memcpy(record.data(), chunk.data(), filled);
      for (const auto view : cursor.others()) {
        const auto take = std::min(view.size(), kRecord - filled);
        std::memcpy(record.data() + filled, view.data(), take);
        filled += take;
        if (filled == kRecord) break;
      }
      chunk = {record.data(), filled};
    }
    const auto step = tls->write(chunk);
    if (step.status != IoStatus::done)
      return step.status == IoStatus::end ? IoStep{IoStatus::failed, 0, EPIPE} : step;
    cursor.advance(step.bytes);
  }
  return {IoStatus::done};
}

Error Stream::Core::explain(const IoStep& step) const {
  if (expired) return {ErrorCode::timeout, "deadline passed"};
  if (step.error == EBADF) return {ErrorCode::unavailable, "stream is closed"};
  if (step.error != 0) return {ErrorCode::unavailable, std::strerror(step.error)};
  return {ErrorCode::unavailable, tls ? tls->failure() : "connection lost"};
}

Error Stream::Core::explain(const boost::system::error_code& error) const {
  if (expired) return {ErrorCode::timeout, "deadline passed"};
  if (error == asio::error::operation_aborted)
    return socket.is_open() ? Error{ErrorCode::cancelled, "cancelled"}
                            : Error{ErrorCode::unavailable, "stream is closed"};
  return {ErrorCode::unavailable, error.message()};
}

Task<Expected<>> Stream::Core::wait(IoStatus wanted) {
  const auto self = shared_from_this();
  if (!socket.is_open()) co_return std::unexpected(explain({IoStatus::failed, 0, EBADF}));
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return fail(ErrorCode::cancelled, "cancelled");
  const auto what = wanted == IoStatus::want_write ? Socket::wait_write : Socket::wait_read;
  auto [error] = co_await socket.async_wait(what, kTuple);
  if (error) co_return std::unexpected(explain(error));
  co_return Expected<>();
}

}  // namespace sluice::net
