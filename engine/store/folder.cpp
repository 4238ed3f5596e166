#include "engine/store/folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::store {
namespace {

std::unexpected<Error> io_error(const std::string& doing, const std::string& path) {
  const int error = errno;
  const auto code = error == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  return fail(code, doing + ' ' + path + ": " + std::strerror(error));
}

/// "" for a name of one part, which lies in the working directory; "/" above the first part of an absolute
/// one.
std::string parent_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Expected<bool> make_folder(const std::string& path) {
  const auto parent = parent_of(path);
  bool made = ::mkdir(path.c_str(), 0755) == 0;
  if (!made && errno == ENOENT && !parent.empty() && parent != path) {
    if (auto above = make_folder(parent); !above) return above;
    made = ::mkdir(path.c_str(), 0755) == 0;
  }
  struct stat status{};
  if (!made && (errno != EEXIST || ::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))) {
    return io_error("making", path);
  }
  if (auto synced = sync_folder(parent.empty() ? "." : parent); !synced) {
    // Others' folders may be ours to enter and not to read; what we made must be certain.
    if (made) return std::unexpected(synced.error());
  }
  return made;
}

Expected<> sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_error("opening", path);
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  errno = error;
  if (!synced) return io_error("syncing", path);
  return {};
}

}  // namespace sluice::store
