#include "engine/campaign/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace sluice::campaign {

void Descriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::unexpected<Error> fail_errno(const std::string& while_doing, int error_number) {
  auto code = ErrorCode::io;
  if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::not_found;
  if (error_number == EACCES || error_number == EPERM) code = ErrorCode::permission;
  if (error_number == EEXIST || error_number == ENOTEMPTY) code = ErrorCode::conflict;
  return fail(code, while_doing + ": " + std::generic_category().message(error_number));
}

Expected<std::size_t> read_some(int fd, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const auto n = ::read(fd, into.data() + filled, into.size() - filled);
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail_errno("reading", errno);
    }
    filled += static_cast<std::size_t>(n);
  }
  return filled;
}

Expected<std::string> read_whole(int fd, std::size_t most) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return fail_errno("fstat", errno);
  const auto too_big = [&] {
    return fail(ErrorCode::limit, "has more than the allowed " + std::to_string(most) + " bytes");
  };
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > most) return too_big();
  std::string out(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t size = 0;
  for (;;) {
    auto n = read_some(fd, std::span(out).subspan(size));
    if (!n) return std::unexpected(n.error());
    size += *n;
    if (size < out.size()) break;  // the end of the file
    if (size > most) return too_big();
    out.resize(out.size() + 4096);  // it grew since fstat
  }
  out.resize(size);
  return out;
}

Expected<> write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return fail_errno("writing", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Expected<> sync_descriptor(int fd, const std::string& name) {
  if (::fsync(fd) != 0) return fail_errno("fsync " + name, errno);
  return {};
}

Expected<> write_durably(int directory, const std::string& name, std::string_view bytes) {
  const std::string temporary = "." + name + ".tmp";
  ::unlinkat(directory, temporary.c_str(), 0);
  Descriptor file(
      ::openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return fail_errno("creating " + temporary, errno);
  if (auto written = write_whole(file.get(), bytes); !written) return fail(written.error(), name);
  if (auto synced = sync_descriptor(file.get(), name); !synced) return synced;
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    return fail_errno("renaming " + temporary + " to " + name, errno);
  }
  return sync_descriptor(directory, "directory of " + name);
}

}  // namespace sluice::campaign
