#include "engine/store/file_copy.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "engine/store/folder.hpp"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceBytes = 1u << 20;

std::unexpected<Error> io_error(const std::string& doing, const std::string& path) {
  const auto code = errno == ENOENT   ? ErrorCode::not_found
                    : errno == EEXIST ? ErrorCode::conflict
                    : errno == ENOSPC ? ErrorCode::no_space
                                      : ErrorCode::io;
  return fail(code, doing + ' ' + path + ": " + std::strerror(errno));
}

struct Descriptor {
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  const int fd;
};

bool write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto n = ::write(fd, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

Expected<> copy_file(const std::string& from, const std::string& to) {
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.fd < 0) return io_error("opening", from);
  const Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.fd < 0) return io_error("making", to);
  std::vector<char> piece(kPieceBytes);
  for (;;) {
    const auto n = ::read(in.fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("reading", from);
    if (n == 0) break;
    if (!write_all(out.fd, piece.data(), static_cast<std::size_t>(n))) return io_error("writing", to);
  }
  if (::fsync(out.fd) != 0) return io_error("syncing", to);
  return {};
}

Expected<> link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == ENOENT || errno == EEXIST) return io_error("linking", from);
  return copy_file(from, to);
}

Expected<> copy_folder(const std::string& from, const std::string& to) {
  if (auto made = make_folder(to); !made) return std::unexpected(made.error());
  std::error_code error;
  fs::directory_iterator entries(from, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (!entries->is_regular_file()) continue;
    const auto& file = entries->path();
    if (auto copied = copy_file(file.string(), (fs::path(to) / file.filename()).string()); !copied)
      return copied;
  }
  if (error) return fail(ErrorCode::io, "reading " + from + ": " + error.message());
  return sync_folder(to);
}

Expected<> write_file(const std::string& path, const std::string& text) {
  const Descriptor out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.fd < 0) return io_error("making", path);
  if (!write_all(out.fd, text.data(), text.size())) return io_error("writing", path);
  if (::fsync(out.fd) != 0) return io_error("syncing", path);
  return sync_folder(fs::path(path).parent_path().string());
}

}  // namespace sluice::store
