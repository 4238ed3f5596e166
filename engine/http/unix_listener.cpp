#include "engine/http/unix_listener.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>

namespace sluice::http {
namespace {

constexpr mode_t kMode = 0660;
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

bool somebody_answers(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const bool answers =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 || errno != ECONNREFUSED;
  ::close(fd);
  return answers;
}

Expected<> clear_the_way(const std::string& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode))
    return fail(ErrorCode::conflict, fmt::format("{} is there and is no socket", path));
  if (somebody_answers(path))
    return fail(ErrorCode::conflict, fmt::format("another service answers on {}", path));
  if (::unlink(path.c_str()) == 0) return {};
  return fail(ErrorCode::io, fmt::format("removing the old {}: {}", path, std::strerror(errno)));
}

}  // namespace

UnixListener::UnixListener(boost::asio::io_context& context, std::string path)
    : context_(&context), acceptor_(context), path_(std::move(path)) {}

Expected<UnixListener> UnixListener::bind(boost::asio::io_context& context, const std::string& path) {
  if (path.empty() || path.size() > kLongestPath) {
    return fail(ErrorCode::invalid_input,
                fmt::format("the socket path {} is longer than {} bytes; choose a shorter data_dir", path,
                            kLongestPath));
  }
  if (auto clear = clear_the_way(path); !clear) return std::unexpected(std::move(clear.error()));
  UnixListener out(context, path);
  boost::system::error_code error;
  out.acceptor_.open(Protocol(), error);
  if (!error) out.acceptor_.bind(Protocol::endpoint(path), error);
  if (error) return fail(ErrorCode::io, fmt::format("making {}: {}", path, error.message()));
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) out.inode_ = status.st_ino;
  // Nobody connects before listen(), so there is no moment with a looser mode.
  if (::chmod(path.c_str(), kMode) != 0) {
    return fail(ErrorCode::io, fmt::format("setting the mode of {}: {}", path, std::strerror(errno)));
  }
  out.acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return fail(ErrorCode::io, fmt::format("listening on {}: {}", path, error.message()));
  return out;
}

UnixListener::~UnixListener() {
  struct stat status{};
  if (path_.empty() || inode_ == 0) return;
  if (::lstat(path_.c_str(), &status) == 0 && status.st_ino == inode_) ::unlink(path_.c_str());
}

net::Task<Expected<net::Stream>> UnixListener::accept() {
  for (;;) {
    if (!acceptor_.is_open()) co_return fail(ErrorCode::cancelled, "listener is closed");
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none) {
      co_return fail(ErrorCode::cancelled, "accept cancelled");
    }
    boost::asio::basic_stream_socket<Protocol, net::Executor> socket(acceptor_.get_executor());
    auto [error] = co_await acceptor_.async_accept(socket, net::kTuple);
    if (error == boost::asio::error::operation_aborted)
      co_return fail(ErrorCode::cancelled, "accept cancelled");
    if (error == boost::asio::error::connection_aborted) continue;
    if (error) co_return fail(ErrorCode::limit, "accepting a connection: " + error.message());
    const int fd = socket.release(error);
    if (error) co_return fail(ErrorCode::internal, "taking over a connection: " + error.message());
    co_return net::Stream::adopt(*context_, fd);
  }
}

void UnixListener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace sluice::http
