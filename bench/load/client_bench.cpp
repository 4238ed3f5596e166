// CPU of the SMTP client alone: messages of 10 KB to a raw epoll sink in another thread, in plain TCP on
// loopback. Prints CPU a message of the client's own thread (user + system), pipelined over messages, within
// them, and not.
//
//   client_bench [MESSAGES] [CONNECTIONS] [BYTES]
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <unordered_map>

#include "engine/net/task_group.hpp"
#include "engine/smtp/client_connection.hpp"

namespace {

using namespace sluice;

/// Accepts every message, says as little as SMTP allows.
class Sink {
 public:
  Sink() {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 1024) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    port = ntohs(address.sin_port);
    epoll_ = ::epoll_create1(0);
    watch(listener_);
    thread_ = std::thread([this] { run(); });
  }
  ~Sink() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    ::close(epoll_);
  }

  std::uint16_t port = 0;
  std::atomic<std::uint64_t> messages = 0;

 private:
  struct Session {
    std::string pending;
    bool in_data = false;
  };

  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void run() {
    std::array<epoll_event, 256> events;
    while (!stop_) {
      const int n = ::epoll_wait(epoll_, events.data(), events.size(), 1000);
      for (int i = 0; i < n; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        fd == listener_ ? accept_one() : serve(fd);
      }
    }
  }

  void accept_one() {
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(fd);
    say(fd, "220 sink\r\n");
  }

  static void say(int fd, std::string_view text) {
    (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  void serve(int fd) {
    const auto n = ::recv(fd, chunk_.data(), chunk_.size(), 0);
    auto& session = sessions_[fd];
    if (n <= 0) {
      sessions_.erase(fd);
      ::close(fd);
      return;
    }
    session.pending.append(chunk_.data(), static_cast<std::size_t>(n));
    std::string answer;
    std::string_view rest = session.pending;
    while (take_one(session, rest, answer)) {
    }
    session.pending.erase(0, session.pending.size() - rest.size());
    if (!answer.empty()) say(fd, answer);
  }

  bool take_one(Session& session, std::string_view& rest, std::string& answer) {
    if (session.in_data) {
      const void* end = ::memmem(rest.data(), rest.size(), "\r\n.\r\n", 5);
      if (end == nullptr) return false;
      rest.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(end) - rest.data()) + 5);
      session.in_data = false;
      ++messages;
      answer += "250 2.0.0 Ok: queued as 4XyZ12AbCd\r\n";
      return true;
    }
    const auto end = rest.find("\r\n");
    if (end == std::string_view::npos) return false;
    const char verb = rest.empty() ? 0 : rest.front();
    rest.remove_prefix(end + 2);
    if (verb == 'E') {
      answer += "250-sink\r\n250-8BITMIME\r\n250-SIZE 100000000\r\n250 PIPELINING\r\n";
    } else if (verb == 'D') {
      answer += "354 go\r\n";
      session.in_data = true;
    } else {
      answer += verb == 'Q' ? "221 bye\r\n" : "250 2.1.0 Ok\r\n";
    }
    return true;
  }

  int listener_ = -1;
  int epoll_ = -1;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
  std::unordered_map<int, Session> sessions_;
  std::array<char, 65536> chunk_;
};

enum class Mode { lock_step, within_message, over_messages };

struct Load {
  Mode mode;
  std::size_t messages;
  std::string body;
  std::uint16_t port;
  std::size_t failed = 0;
};

net::Task<> send_many(net::asio::io_context& context, net::TlsClientContext& tls, Load& load,
                      std::size_t count) {
  smtp::ClientOptions options;
  options.ehlo_name = "bench.test";
  options.tls = smtp::TlsPolicy::none;
  options.pipelining = load.mode != Mode::lock_step;
  smtp::ClientConnection connection(context, tls, options);
  smtp::Target target;
  target.hosts = {{net::Endpoint(net::asio::ip::address_v4::loopback(), load.port), "sink.test"}};
  auto opened = co_await connection.open(target);
  if (!opened) std::abort();
  const std::array<std::string_view, 1> recipients = {"recipient.number.one@example.test"};
  const std::string_view head = "Subject: personal\r\n";
  const std::array<std::string_view, 2> content = {head, load.body};
  const smtp::Envelope envelope{.sender = "b0123456789abcdef0123456789@bounces.shop.test",
                                .recipients = recipients,
                                .size_bytes = head.size() + load.body.size()};
  const smtp::Message message{envelope, content, smtp::ContentForm::plain};
  for (std::size_t i = 0; i < count; ++i) {
    const auto* next = load.mode == Mode::over_messages && i + 1 < count ? &envelope : nullptr;
    auto result = co_await connection.send(message, next);
    if (!result.recipients[0].accepted()) ++load.failed;
  }
  co_await connection.quit();
}

double micros(const timeval& t) {
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
}

void run(const char* name, Load load, std::size_t connections, const Sink& sink) {
  const auto before = sink.messages.load();
  net::asio::io_context context{1};
  auto tls = net::TlsClientContext::make();
  net::TaskGroup tasks(context);
  for (std::size_t i = 0; i < connections; ++i)
    if (!tasks.spawn(send_many(context, **tls, load, load.messages / connections))) std::abort();
  rusage begin{};
  rusage end{};
  const auto start = std::chrono::steady_clock::now();
  ::getrusage(RUSAGE_THREAD, &begin);
  context.run();
  ::getrusage(RUSAGE_THREAD, &end);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const auto sent = static_cast<double>(load.messages / connections * connections);
  const auto user = (micros(end.ru_utime) - micros(begin.ru_utime)) / sent;
  const auto system = (micros(end.ru_stime) - micros(begin.ru_stime)) / sent;
  std::printf(
      "%-16s %6.2f us/message (user %.2f, system %.2f)  %8.0f messages/s  sink got %llu, refused %zu\n", name,
      user + system, user, system, sent / took.count(),
      static_cast<unsigned long long>(sink.messages.load() - before), load.failed);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, std::size_t otherwise) {
    return argc > i ? static_cast<std::size_t>(std::atoll(argv[i])) : otherwise;
  };
  const auto messages = argument(1, 200'000);
  const auto connections = argument(2, 20);
  const auto bytes = argument(3, 10'000);
  std::string body = "\r\n";
  while (body.size() < bytes)
    body += "A line of seventy bytes, as mail has them, again and again, to the end.\r\n";
  Sink sink;
  std::printf("%zu messages of %zu bytes over %zu connections, plain TCP on loopback\n", messages,
              body.size(), connections);
  for (int round = 0; round < 2; ++round) {
    run("over messages", {Mode::over_messages, messages, body, sink.port}, connections, sink);
    run("within message", {Mode::within_message, messages, body, sink.port}, connections, sink);
    run("lock step", {Mode::lock_step, messages, body, sink.port}, connections, sink);
  }
}
