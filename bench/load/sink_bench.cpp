// CPU the sink spends on a message, and what its scanner does a second. The sink runs here on one thread;
// blocking, pipelining clients run in a child process, so that the two are counted apart. Pin them with two
// cores:
//
//   sink_bench [MESSAGES] [CONNECTIONS] [BYTES]        default 300000 8 10240
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/id.hpp"
#include "engine/sink/sink.hpp"
#include "engine/smtp/server_scanner.hpp"

namespace {

using namespace sluice;
using Clock = std::chrono::steady_clock;

enum class Framing { data, chunks };

struct Load {
  std::uint64_t messages = 300'000;
  std::uint64_t connections = 8;
  std::size_t bytes = 10'240;
};

void pin(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core % std::max(1U, std::thread::hardware_concurrency()), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

std::string body(std::size_t bytes) {
  std::string out = "Subject: bench\r\n\r\n";
  while (out.size() < bytes)
    out += "<p>Seventy-six columns of text, as a quoted-printable HTML part has them.</p>\r\n";
  return out;
}

/// One connection: sends a group, waits for its replies, and again.
class Client {
 public:
  Client(std::uint16_t port, Framing framing, std::string text)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)), framing_(framing), text_(std::move(text)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::_Exit(1);
    send_all("EHLO bench.test\r\n");
    wait_for("250 CHUNKING\r\n");
  }
  ~Client() { ::close(fd_); }

  void run(StreamId stream, std::uint64_t messages) {
    const std::string open = "MAIL FROM:<b@shop.test>\r\nRCPT TO:<user@example.test>\r\n";
    if (framing_ == Framing::data) send_all(open + "DATA\r\n");
    if (framing_ == Framing::data) wait_for_lines(3);
    std::string group;
    for (std::uint64_t i = 0; i < messages; ++i) {
      const auto id = MessageId::make(from_ms(1'764'097'200'000), 1, stream, i).text();
      const auto text = "X-Sluice-Id: " + id + "\r\n" + text_;
      if (framing_ == Framing::data) {
        const bool last = i + 1 == messages;
        send_all(text + ".\r\n" + (last ? "QUIT\r\n" : open + "DATA\r\n"));
        wait_for_lines(last ? 2 : 4);
      } else {
        group += open + "BDAT " + std::to_string(text.size()) + " LAST\r\n" + text;
        if (i % 4 != 3) continue;
        send_all(group);
        wait_for_lines(12);
        group.clear();
      }
    }
  }

 private:
  void send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) std::_Exit(1);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  std::string_view receive() {
    const auto n = ::recv(fd_, bytes_, sizeof bytes_, 0);
    if (n <= 0) std::_Exit(1);
    return {bytes_, static_cast<std::size_t>(n)};
  }
  void wait_for(std::string_view end) {
    std::string seen;
    while (!seen.ends_with(end)) seen += receive();
  }
  void wait_for_lines(std::ptrdiff_t lines) {
    while (lines > 0) lines -= std::ranges::count(receive(), '\n');
  }

  int fd_;
  Framing framing_;
  std::string text_;
  char bytes_[4096];
};

void run_clients(const Load& load, std::uint16_t port, Framing framing) {
  std::vector<std::thread> threads;
  for (std::uint64_t c = 0; c < load.connections; ++c) {
    threads.emplace_back([&load, port, framing, c] {
      Client(port, framing, body(load.bytes))
          .run(static_cast<StreamId>(c), load.messages / load.connections / 4 * 4);
    });
  }
  for (auto& thread : threads) thread.join();
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

void measure(const char* name, const Load& load, Framing framing, sink::Accounting accounting) {
  // The child is made before the sink's thread, and told the port when that listens.
  int port_pipe[2];
  if (::pipe(port_pipe) != 0) std::abort();
  const auto child = ::fork();
  if (child == 0) {
    pin(1);
    std::uint16_t port = 0;
    if (::read(port_pipe[0], &port, sizeof port) != sizeof port) std::_Exit(1);
    run_clients(load, port, framing);
    std::_Exit(0);
  }
  pin(0);
  auto made = sink::Sink::start({.accounting = accounting});
  if (!made) std::abort();
  const auto address = (*made)->addresses().front();
  const auto port = static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str()));
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto start = Clock::now();
  if (::write(port_pipe[1], &port, sizeof port) != sizeof port) std::abort();
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::chrono::duration<double> took = Clock::now() - start;
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  ::close(port_pipe[0]);
  ::close(port_pipe[1]);
  const auto stats = (*made)->stop();
  if (!stats || status != 0 || stats->messages == 0) {
    std::printf("%-28s failed\n", name);
    return;
  }
  const auto n = static_cast<double>(stats->messages);
  const auto user = (seconds(after.ru_utime) - seconds(before.ru_utime)) * 1e6 / n;
  const auto system = (seconds(after.ru_stime) - seconds(before.ru_stime)) * 1e6 / n;
  std::printf(
      "%-28s %8.0f msg/s  %5.2f us CPU/msg (%.2f user + %.2f system) = %.0f k/s a core, %llu duplicates\n",
      name, n / took.count(), user + system, user, system, 1e3 / (user + system),
      static_cast<unsigned long long>(stats->duplicates));
}

double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void measure_scanner(std::size_t bytes) {
  const auto text = body(bytes) + ".\r\n";
  constexpr int kRounds = 200'000;
  std::uint64_t scanned = 0;
  const auto start = thread_cpu_seconds();
  for (int i = 0; i < kRounds; ++i) {
    smtp::TextScanner scanner(smtp::TextScanner::Framing::dots, 1000);
    scanned += scanner.scan(text);
  }
  const auto took = thread_cpu_seconds() - start;
  std::printf("%-28s %8.2f GB/s of CPU time\n", "text scanner", static_cast<double>(scanned) / took / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  Load load;
  if (argc > 1) load.messages = std::strtoull(argv[1], nullptr, 10);
  if (argc > 2) load.connections = std::strtoull(argv[2], nullptr, 10);
  if (argc > 3) load.bytes = std::strtoull(argv[3], nullptr, 10);
  if (load.messages < 4 || load.connections == 0 || load.bytes == 0) {
    std::fprintf(stderr, "usage: sink_bench [MESSAGES] [CONNECTIONS] [BYTES]\n");
    return 64;
  }
  measure_scanner(load.bytes);
  measure("counting, DATA groups", load, Framing::data, sink::Accounting::counting);
  measure("counting, BDAT by 4", load, Framing::chunks, sink::Accounting::counting);
  measure("ids, DATA groups", load, Framing::data, sink::Accounting::ids);
  return 0;
}
