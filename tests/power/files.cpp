#include "tests/power/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <string_view>
#include <unordered_map>

#include "tests/power/journal.hpp"

namespace power {
namespace {

constexpr int kMostDescriptors = 1 << 16;

struct Open {
  std::atomic<std::uint64_t> file{0};
  std::atomic<std::uint64_t> inode{0};
};

std::array<Open, kMostDescriptors>& table() {
  static auto* made = new std::array<Open, kMostDescriptors>;  // never destroyed, as the journal
  return *made;
}

const std::string& root() {
  static const auto* made = new std::string([] {
    const char* set = std::getenv("SLUICE_POWER_ROOT");
    return std::string(set != nullptr ? set : "");
  }());
  return *made;
}

std::unordered_map<std::uint64_t, std::uint64_t>& numbers() {  // by inode; turn() is held
  static auto* made = new std::unordered_map<std::uint64_t, std::uint64_t>;
  return *made;
}

std::uint64_t next_number() {  // turn() is held; unique over the processes that share a journal
  static std::uint64_t last = static_cast<std::uint64_t>(::getpid()) << 32;
  return ++last;
}

std::string link_of(int fd) {
  char path[PATH_MAX];
  const auto n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return n > 0 ? std::string(path, static_cast<std::size_t>(n)) : std::string();
}

bool inside(const std::string& path) {
  const auto& top = root();
  return !top.empty() && path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

/// Without doubled slashes and `.`; `..` does not occur below the root.
std::string plain(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (!part.empty() && part != ".") out.append("/").append(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

}  // namespace

std::mutex& turn() {
  static auto* made = new std::mutex;
  return *made;
}

std::string below_root(int folder, const char* path) {
  if (path == nullptr || !recording() || root().empty()) return {};
  std::string whole = path;
  if (path[0] != '/') {
    char here[PATH_MAX];
    const auto from = folder == AT_FDCWD ? std::string(::getcwd(here, sizeof here) != nullptr ? here : "")
                                         : link_of(folder);
    if (!inside(from)) return {};
    whole = from + '/' + path;
  }
  whole = plain(whole);
  return inside(whole) ? whole : std::string();
}

void track(int fd, const std::string& path, bool made) {
  struct stat status{};
  if (fd < 0 || fd >= kMostDescriptors || ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  auto& number = numbers()[status.st_ino];
  if (made || number == 0) {
    number = next_number();
    append({.kind = made ? Kind::created : Kind::opened, .file = number, .text = path});
  }
  auto& open = table()[static_cast<std::size_t>(fd)];
  open.inode = status.st_ino;
  open.file = number;
}

void forget(int fd) {
  if (fd >= 0 && fd < kMostDescriptors) table()[static_cast<std::size_t>(fd)].file = 0;
}

std::uint64_t file_of(int fd) {
  if (fd < 0 || fd >= kMostDescriptors) return 0;
  auto& open = table()[static_cast<std::size_t>(fd)];
  const std::uint64_t file = open.file;
  if (file == 0) return 0;
  struct stat status{};
  if (::fstat(fd, &status) == 0 && status.st_ino == open.inode && S_ISREG(status.st_mode)) return file;
  open.file = 0;
  return 0;
}

std::string folder_of(int fd) {
  struct stat status{};
  if (!recording() || ::fstat(fd, &status) != 0 || !S_ISDIR(status.st_mode)) return {};
  auto path = link_of(fd);
  return inside(path) ? path : std::string();
}

}  // namespace power
