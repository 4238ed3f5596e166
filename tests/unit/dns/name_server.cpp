#include "tests/unit/dns/name_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace sluice::dns {
namespace {

std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

}  // namespace

NameServer::NameServer(std::map<std::string, std::string> zones, std::vector<std::string> broken)
    : zones_(std::move(zones)), broken_(std::move(broken)) {
  std::string pattern = std::filesystem::temp_directory_path() / "sluice-zones-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  start();
}

NameServer::~NameServer() {
  stop();
  std::filesystem::remove_all(folder_);
}

std::string NameServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

void NameServer::set_zone(const std::string& zone, std::string text) { zones_[zone] = std::move(text); }

void NameServer::start() {
  std::vector<std::string> words{"python3", SLUICE_SOURCE_DIR "/tests/integration/lib/dns_server.py",
                                 "--port", std::to_string(port_)};
  for (const auto& zone : broken_) words.insert(words.end(), {"--broken", zone});
  for (const auto& [zone, text] : zones_) {
    const auto path = folder_ + "/" + zone;
    std::ofstream(path) << text;
    words.push_back(zone + "=" + path);
  }
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  const int failed = ::posix_spawnp(&pid_, "python3", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  stdin_ = in[1];
  const auto line = failed ? std::string() : read_line(out[0]);
  ::close(out[0]);
  if (!line.starts_with("port ")) {
    stop();
    throw std::runtime_error("the name server did not start");
  }
  port_ = std::atoi(line.c_str() + 5);
}

void NameServer::stop() {
  if (stdin_ >= 0) ::close(std::exchange(stdin_, -1));
  if (pid_ > 0) ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

SilentServer::SilentServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("bind");
}

SilentServer::~SilentServer() { ::close(socket_); }

std::string SilentServer::address() const {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
  return "127.0.0.1:" + std::to_string(ntohs(at.sin_port));
}

}  // namespace sluice::dns
