#include "engine/store/ballast.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::store {
namespace {

bool is_allocated(const std::string& path, std::uint64_t bytes) {
  struct stat file{};
  constexpr std::uint64_t kStatBlock = 512;  // st_blocks counts these on every file system
  return ::stat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode) &&
         static_cast<std::uint64_t>(file.st_size) == bytes &&
         static_cast<std::uint64_t>(file.st_blocks) * kStatBlock >= bytes;
}

}  // namespace

Ballast::Ballast(std::string path, std::uint64_t bytes)
    : path_(std::move(path)), bytes_(bytes), held_(bytes == 0 || is_allocated(path_, bytes)) {}

Expected<> Ballast::take() {
  if (missing() == 0) return {};
  // Never through a link somebody put there.
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return fail(ErrorCode::io, "making " + path_ + ": " + std::strerror(errno));
  int error = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes_));
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  ::close(fd);
  if (error != 0) {
    ::unlink(path_.c_str());
    return fail(ErrorCode::io, "allocating " + path_ + ": " + std::strerror(error));
  }
  held_.store(true, std::memory_order_release);
  return {};
}

void Ballast::remove_old() const {
  if (bytes_ == 0) ::unlink(path_.c_str());
}

bool Ballast::release() {
  if (bytes_ == 0 || !held_.exchange(false, std::memory_order_acq_rel)) return false;
  return ::unlink(path_.c_str()) == 0;
}

}  // namespace sluice::store
