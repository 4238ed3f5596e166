#include "tests/power/journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace power {
namespace {

struct Header {
  char magic[8];
  std::atomic<std::uint64_t> tail;  // read by the harness; written under the mutex, after the entry
  std::uint64_t capacity;
  std::atomic<std::uint64_t> die_at;  // 0: never; set by the harness
  char reserved[32];
};
static_assert(sizeof(Header) == 64);

struct Fixed {
  std::uint64_t bytes;  // of the whole entry
  std::uint16_t kind;
  std::uint16_t flags;
  std::uint32_t text_bytes;
  std::uint64_t file;
  std::uint64_t a;
  std::uint64_t b;
};
static_assert(sizeof(Fixed) == 40);

class Journal {
 public:
  Journal() {
    const char* path = std::getenv("SLUICE_POWER_JOURNAL");
    if (path == nullptr) return;
    // Not through our own open(): the journal lies outside what is recorded.
    const int fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0));
    struct stat status{};
    if (fd < 0 || ::fstat(fd, &status) != 0) fail("the journal cannot be opened");
    void* at = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (at == MAP_FAILED) fail("the journal cannot be mapped");
    ::syscall(SYS_close, fd);
    header_ = static_cast<Header*>(at);
    if (std::memcmp(header_->magic, "SLUPOWER", 8) != 0) fail("this is no journal");
  }

  [[nodiscard]] bool there() const { return header_ != nullptr; }

  std::uint64_t append(const Entry& entry) {
    if (header_ == nullptr) return 0;
    const Fixed fixed{sizeof(Fixed) + entry.text.size() + entry.data.size(),
                      static_cast<std::uint16_t>(entry.kind),
                      static_cast<std::uint16_t>(entry.data_only ? 1 : 0),
                      static_cast<std::uint32_t>(entry.text.size()),
                      entry.file,
                      entry.a,
                      entry.b};
    const std::lock_guard lock(mutex_);
    const auto position = header_->tail.load(std::memory_order_relaxed);
    if (position + fixed.bytes > header_->capacity) fail("the journal is full");
    char* to = reinterpret_cast<char*>(header_) + position;
    std::memcpy(to, &fixed, sizeof fixed);
    to += sizeof fixed;
    if (!entry.text.empty()) std::memcpy(to, entry.text.data(), entry.text.size());
    to += entry.text.size();
    if (!entry.data.empty()) std::memcpy(to, entry.data.data(), entry.data.size());
    header_->tail.store(position + fixed.bytes, std::memory_order_release);
    const auto die_at = header_->die_at.load(std::memory_order_relaxed);
    if (die_at != 0 && position + fixed.bytes >= die_at) ::kill(::getpid(), SIGKILL);
    return position;
  }

 private:
  [[noreturn]] static void fail(const char* why) {
    std::fprintf(stderr, "power: %s\n", why);
    std::abort();
  }

  Header* header_ = nullptr;
  std::mutex mutex_;
};

Journal& journal() {
  static auto* made = new Journal;  // never destroyed: files are closed after the statics have gone
  return *made;
}

}  // namespace

std::uint64_t append(const Entry& entry) { return journal().append(entry); }
bool recording() { return journal().there(); }

}  // namespace power
