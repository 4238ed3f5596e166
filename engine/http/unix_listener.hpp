// A listening unix socket: the operator's door. Reached by those the file's mode (0660) lets in. One owner
// thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <string>
#include <utility>

#include "engine/base/error.hpp"
#include "engine/net/stream.hpp"

namespace sluice::http {

class UnixListener {
 public:
  /// Makes the socket with mode 0660 before anybody can connect. A file left by a process that died is
  /// replaced; ErrorCode::conflict when somebody still answers on it, or when it is no socket.
  [[nodiscard]] static Expected<UnixListener> bind(boost::asio::io_context& context, const std::string& path);

  UnixListener(UnixListener&& other) noexcept
      : context_(other.context_),
        acceptor_(std::move(other.acceptor_)),
        path_(std::move(other.path_)),
        inode_(std::exchange(other.inode_, 0)) {}
  UnixListener& operator=(UnixListener&&) = delete;
  /// Removes the file, if it is still ours.
  ~UnixListener();

  /// As net::Listener::accept(). The Stream's peer() and local() mean nothing here.
  net::Task<Expected<net::Stream>> accept();
  void close();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  using Protocol = boost::asio::local::stream_protocol;
  using Acceptor = boost::asio::basic_socket_acceptor<Protocol, net::Executor>;
  UnixListener(boost::asio::io_context& context, std::string path);

  boost::asio::io_context* context_;
  Acceptor acceptor_;
  std::string path_;
  std::uint64_t inode_ = 0;  // of the file we made; 0: none
};

}  // namespace sluice::http
