// One byte stream over TCP, plain or TLS, with one deadline. Used by both sides of SMTP and by HTTP.
//
// Invariants: at most one read and one write wait at a time; all calls from the thread of the io_context.
// Deadline: set_deadline() covers every later wait until it is set again. When it passes the socket is
// closed, the wait returns ErrorCode::timeout and so does everything after it. A watchdog timer a stream does
// this; a deadline further away than kWatchdogTick costs one store. Errors: timeout; cancelled (the task's
// group was cancelled); unavailable (refused, reset, closed by us, TLS broke). After an error other than a
// refused argument the stream is good for close() only. An operation moves bytes first and waits only when
// the socket has none, so a busy stream starves nobody for longer than one call's bytes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/net/deadline.hpp"
#include "engine/net/io_step.hpp"
#include "engine/net/task.hpp"
#include "engine/net/tls.hpp"
#include "engine/net/write_cursor.hpp"

namespace sluice::net {

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Endpoint = asio::ip::tcp::endpoint;
using Address = asio::ip::address;

/// The watchdog looks at the deadline at least this often; sooner deadlines re-arm it.
inline constexpr std::chrono::seconds kWatchdogTick{20};

/// What a client asks of TLS. `host` is the server's name (SNI, and verified under TlsVerify::peer);
/// `cache_key` names who may share sessions, such as "site|source"; empty caches none.
struct TlsClientRequest {
  TlsVerify verify = TlsVerify::none;
  std::string host;
  std::string cache_key;
};

class Stream {
 public:
  /// Not connected yet.
  explicit Stream(asio::io_context& context);
  /// The accepting side. Sets TCP_NODELAY.
  explicit Stream(Socket accepted);
  /// Owns `fd`, a connected TCP socket (as release() gave it, to move a connection to another worker).
  [[nodiscard]] static Expected<Stream> adopt(asio::io_context& context, int fd);
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  /// Connects to `peer`, from `local` when given (any port). `deadline` becomes the stream's deadline.
  Task<Expected<>> connect(Endpoint peer, std::optional<Address> local, Deadline deadline);

  /// Applies from now on, also to a wait in progress.
  void set_deadline(Deadline deadline);

  /// At least one byte, or 0 when the peer has closed in order. `into` must not be empty and must outlive the
  /// call.
  Task<Expected<std::size_t>> read_some(std::span<char> into);
  /// The same without waiting.
  [[nodiscard]] IoStep try_read(std::span<char> into);

  /// All bytes of all buffers, gathered: one system call for TCP where the socket takes them, full records
  /// for TLS. The bytes must outlive the call; the span of views is read before the first wait and while
  /// waiting.
  Task<Expected<>> write(std::span<const std::string_view> buffers);
  Task<Expected<>> write(std::string_view bytes);
  /// Moves what the socket takes now and advances the cursor; done when nothing is left. want_* : wait with
  /// write(cursor) to finish.
  [[nodiscard]] IoStep try_write(WriteCursor& cursor);
  /// Finishes a cursor; it and its bytes must outlive the call.
  Task<Expected<>> write(WriteCursor& cursor);

  /// What a failed try_read() or try_write() means.
  [[nodiscard]] Error explain(const IoStep& step) const;

  /// Waits until try_write() or try_read() is worth repeating: give it the want_* they returned.
  Task<Expected<>> wait(IoStatus wanted);

  /// For idle connections: returns when a read would give bytes, an end or an error, without reading. Call it
  /// after try_read() said want_read. ErrorCode::timeout when `until` passes: the stream stays open and has
  /// no deadline then.
  Task<Expected<>> wait_readable(Deadline until);
  /// A wait_readable() in progress returns ErrorCode::cancelled; the stream stays good.
  void interrupt();

  /// Begins TLS on a plain stream and completes the handshake. Bytes the caller has already read off the
  /// plain stream but not used are an injection (CVE-2011-0411): the caller must look at its buffer and
  /// close, before calling.
  Task<Expected<>> start_tls(TlsClientContext& context, TlsClientRequest request, Deadline deadline);
  Task<Expected<>> start_tls(const TlsServerContext& context, Deadline deadline);

  /// Says goodbye: close_notify under TLS (keeps the session resumable), then FIN. Reading goes on. Does not
  /// wait.
  void shutdown();
  /// Releases the socket at once; a wait in progress ends with `unavailable`. Idempotent.
  void close();
  /// Closes with RST, so that nothing lingers: for peers that misbehave.
  void abort();
  /// Gives the descriptor away; a plain stream only. -1 when closed.
  [[nodiscard]] int release();

  [[nodiscard]] bool is_open() const;
  /// The deadline passed and closed the stream.
  [[nodiscard]] bool timed_out() const;
  [[nodiscard]] bool is_tls() const;
  /// Empty version without TLS.
  [[nodiscard]] TlsSummary tls() const;
  /// Default endpoints when not connected.
  [[nodiscard]] Endpoint peer() const;
  [[nodiscard]] Endpoint local() const;

 private:
  struct Core;
  explicit Stream(std::shared_ptr<Core> core);
  static Task<Expected<>> handshake(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;  // shared with the watchdog's handler (weak) and the waits in progress
};

}  // namespace sluice::net
