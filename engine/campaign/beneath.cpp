#include "engine/campaign/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "engine/campaign/problem.hpp"

namespace sluice::campaign {
namespace {

constexpr int kFileFlags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;

std::unexpected<Error> fail_open(const std::string& name, int error_number) {
  if (error_number == ELOOP || error_number == EXDEV) {
    return fail(ErrorCode::invalid_input,
                visible(name) + " is, or leads through, a link; put the file itself there");
  }
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return fail(ErrorCode::not_found, visible(name) + " is not in the campaign directory");
  }
  return fail_errno("opening " + visible(name), error_number);
}

}  // namespace

std::string why_not_beneath(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > 255) return "is longer than 255 bytes";
  if (name.front() == '/') return "is absolute; name a file inside the campaign directory";
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "holds a control byte";
  }
  for (std::string_view rest = name;;) {
    const auto slash = rest.find('/');
    const auto part = rest.substr(0, slash);
    if (part == ".." || part == ".") return "holds `.` or `..`; name a file inside the campaign directory";
    if (part.empty()) return "holds an empty part";
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

Expected<Descriptor> open_directory(int parent, const std::string& name) {
  Descriptor directory(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory.valid()) return directory;
  if (errno == ELOOP || errno == ENOTDIR) {
    return fail(ErrorCode::invalid_input, visible(name) + " is no directory (links are not followed)");
  }
  return fail_errno("opening " + visible(name), errno);
}

Expected<Descriptor> open_by_components(int directory, std::string_view name) {
  Descriptor held;
  int at = directory;
  for (std::string_view rest = name;;) {
    const auto slash = rest.find('/');
    const std::string part(rest.substr(0, slash));
    if (slash == std::string_view::npos) {
      Descriptor file(::openat(at, part.c_str(), kFileFlags));
      if (!file.valid()) return fail_open(std::string(name), errno);
      return file;
    }
    Descriptor next(::openat(at, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) {
      const int why = errno;
      // O_DIRECTORY turns a link's ELOOP into ENOTDIR; look again so that the author is told which it is.
      struct stat status{};
      const bool link =
          ::fstatat(at, part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
      return fail_open(std::string(name), link ? ELOOP : why);
    }
    held = std::move(next);
    at = held.get();
    rest.remove_prefix(slash + 1);
  }
}

Expected<OpenFile> open_beneath(int directory, const std::string& name, std::uint64_t most) {
  if (const auto why = why_not_beneath(name); !why.empty()) {
    return fail(ErrorCode::invalid_input, "file name `" + visible(name) + "` " + why);
  }
  open_how how{};
  how.flags = kFileFlags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  OpenFile out;
  out.file = Descriptor(static_cast<int>(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how)));
  if (!out.file.valid()) {
    if (errno != ENOSYS && errno != EPERM && errno != EAGAIN) return fail_open(name, errno);
    auto opened = open_by_components(directory, name);
    if (!opened) return std::unexpected(opened.error());
    out.file = std::move(*opened);
  }
  struct stat status{};
  if (::fstat(out.file.get(), &status) != 0) return fail_errno("fstat " + visible(name), errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::invalid_input, visible(name) + " is no regular file");
  }
  out.bytes = static_cast<std::uint64_t>(status.st_size);
  if (out.bytes > most) {
    return fail(ErrorCode::limit, visible(name) + " has " + std::to_string(out.bytes) + " bytes; at most " +
                                      std::to_string(most) + " are allowed");
  }
  return out;
}

}  // namespace sluice::campaign
