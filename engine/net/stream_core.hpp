// The inside of Stream: socket, watchdog and TLS state behind one pointer. Only stream*.cpp include it.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "engine/net/stream.hpp"
#include "engine/net/tls_session.hpp"

namespace sluice::net {

struct Stream::Core : std::enable_shared_from_this<Stream::Core> {
  using Timer = asio::basic_waitable_timer<Deadline::Clock, asio::wait_traits<Deadline::Clock>, Executor>;

  explicit Core(asio::io_context& context) : socket(context), watchdog(context) {}
  explicit Core(Socket accepted) : socket(std::move(accepted)), watchdog(socket.get_executor()) {}

  Socket socket;
  Timer watchdog;
  Deadline deadline;
  Deadline armed;  // when the watchdog fires next; never: it is not running
  bool expired = false;
  bool gentle = false;  // the deadline ends the wait only, not the stream
  std::unique_ptr<TlsSession> tls;

  void set_deadline(Deadline wanted);
  void arm(Deadline until);
  void on_watchdog();
  void close();

  [[nodiscard]] IoStep try_read(std::span<char> into);
  [[nodiscard]] IoStep try_write(WriteCursor& cursor);
  [[nodiscard]] IoStep try_write_plain(WriteCursor& cursor);
  [[nodiscard]] IoStep try_write_tls(WriteCursor& cursor);

  /// What a failed step or wait means to the caller.
  [[nodiscard]] Error explain(const IoStep& step) const;
  [[nodiscard]] Error explain(const boost::system::error_code& error) const;

  Task<Expected<>> wait(IoStatus wanted);
};

}  // namespace sluice::net
