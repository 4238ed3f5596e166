// A file descriptor with one owner, and whole reads and writes on it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/error.hpp"

namespace sluice::campaign {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

/// "opening x: No such file or directory", with the code that fits errno.
[[nodiscard]] std::unexpected<Error> fail_errno(const std::string& while_doing, int error_number);

/// Fills as much of `into` as the file still has; less means its end. EINTR is retried.
[[nodiscard]] Expected<std::size_t> read_some(int fd, std::span<char> into);
/// The whole file from its start; limit when it has more than `most` bytes.
[[nodiscard]] Expected<std::string> read_whole(int fd, std::size_t most);
[[nodiscard]] Expected<> write_whole(int fd, std::string_view bytes);
/// Creates or replaces `name` in the directory so that after a crash it is there whole or not at all: a
/// temporary file, fsync, rename, fsync of the directory.
[[nodiscard]] Expected<> write_durably(int directory, const std::string& name, std::string_view bytes);
[[nodiscard]] Expected<> sync_descriptor(int fd, const std::string& name);

}  // namespace sluice::campaign
