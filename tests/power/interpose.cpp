// The calls that change files, caught on their way to the C library (LD_PRELOAD) and written into the
// journal.
//
// A sync is recorded and not made: what would be on the disk is the replayer's business (replay.py), and
// without it a run is quick. SLUICE_POWER_SYNC_US is how long a sync seems to take.
//
// A write is recorded after it was made and a sync's begin before it is: a write whose entry stands behind
// the begin is not taken as synced, even if it just was. Copies inside the kernel are refused, as file
// systems may; what else this cannot follow (a shared, writable mapping) is noted, and fails the test.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <string>

#include "tests/power/faults.hpp"
#include "tests/power/files.hpp"
#include "tests/power/journal.hpp"

namespace power {
namespace {

/// The C library's own function of this name.
template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool fails(Operation operation) {
  const int error = fault(operation);
  if (error != 0) errno = error;
  return error != 0;
}

std::uint64_t size_of(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::uint64_t changed_ns(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return 0;
  return static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
}

void written(std::uint64_t file, std::uint64_t at, const void* data, ssize_t size) {
  if (size <= 0) return;
  const std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
  append({.kind = Kind::written, .file = file, .a = at, .data = bytes});
}

bool makes(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

int open_file(int folder, const char* path, int flags, mode_t mode) {
  static auto* const call = real<int(int, const char*, int, ...)>("openat");
  const bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
  const auto whole = nameless ? std::string() : below_root(folder, path);
  if (whole.empty()) return call(folder, path, flags, mode);
  const std::lock_guard lock(turn());
  const bool only_new = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
  int fd = only_new ? -1 : call(folder, path, flags & ~O_CREAT, mode);
  const bool there = !only_new && (fd >= 0 || errno != ENOENT);
  if (!there && (flags & O_CREAT) != 0) fd = call(folder, path, flags, mode);
  if (fd < 0) return fd;
  track(fd, whole, !there);
  const auto file = file_of(fd);
  if (there && file != 0 && (flags & O_TRUNC) != 0) append({.kind = Kind::truncated, .file = file});
  return fd;
}

int sync_file(int fd, bool data_only) {
  static const long delay_us = [] {
    const char* set = std::getenv("SLUICE_POWER_SYNC_US");
    return set != nullptr ? std::strtol(set, nullptr, 10) : 200;
  }();
  const auto file = file_of(fd);
  const auto folder = file == 0 ? folder_of(fd) : std::string();
  if (file == 0 && folder.empty()) {
    static auto* const call = real<int(int)>("fsync");
    return recording() ? 0 : call(fd);
  }
  const auto changed = file != 0 ? changed_ns(fd) : 0;
  std::uint64_t begun = 0;
  {
    const std::lock_guard lock(turn());
    begun = append({.kind = Kind::sync_begun, .file = file, .text = folder});
  }
  ::usleep(static_cast<useconds_t>(delay_us));
  const std::lock_guard lock(turn());
  const bool lost = fails(Operation::sync);
  append({.kind = lost ? Kind::sync_lost : Kind::synced,
          .file = file,
          .a = begun,
          .b = changed,
          .data_only = data_only,
          .text = folder});
  if (lost) errno = EIO;
  return lost ? -1 : 0;
}

/// Makes a change of names and records it when it came about. `call` returns 0 then.
template <class Call>
int change_names(Kind kind, const std::string& text, Call call) {
  if (text.empty()) return call();
  const std::lock_guard lock(turn());
  const int result = call();
  if (result == 0) append({.kind = kind, .text = text});
  return result;
}

std::string two(const std::string& from, const std::string& to) {
  if (from.empty() && to.empty()) return {};
  return from + '\0' + to;
}

}  // namespace
}  // namespace power

using power::append;
using power::Kind;

// NOLINTBEGIN(readability-identifier-naming): the C library's names
extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list more;
  va_start(more, flags);
  const auto mode = power::makes(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return power::open_file(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  std::va_list more;
  va_start(more, flags);
  const auto mode = power::makes(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return power::open_file(folder, path, flags, mode);
}

int open64(const char* path, int flags, ...) __attribute__((alias("open")));
int openat64(int folder, const char* path, int flags, ...) __attribute__((alias("openat")));

int creat(const char* path, mode_t mode) {
  return power::open_file(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd) {
  static auto* const call = power::real<int(int)>("close");
  power::forget(fd);
  return call(fd);
}

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const call = power::real<ssize_t(int, const void*, size_t)>("write");
  const auto file = power::file_of(fd);
  if (file == 0) return call(fd, data, size);
  const std::lock_guard lock(power::turn());
  if (power::fails(power::Operation::write)) return -1;
  const auto n = call(fd, data, size);
  if (n > 0) power::written(file, static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_CUR) - n), data, n);
  return n;
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  static auto* const call = power::real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  const auto file = power::file_of(fd);
  if (file == 0) return call(fd, data, size, at);
  const std::lock_guard lock(power::turn());
  if (power::fails(power::Operation::write)) return -1;
  const auto n = call(fd, data, size, at);
  power::written(file, static_cast<std::uint64_t>(at), data, n);
  return n;
}

ssize_t pwrite64(int fd, const void* data, size_t size, off_t at) __attribute__((alias("pwrite")));

ssize_t writev(int fd, const iovec* pieces, int count) {
  static auto* const call = power::real<ssize_t(int, const iovec*, int)>("writev");
  if (power::file_of(fd) == 0) return call(fd, pieces, count);
  ssize_t whole = 0;
  for (int i = 0; i < count; ++i) {
    const auto n = ::write(fd, pieces[i].iov_base, pieces[i].iov_len);
    if (n < 0) return whole > 0 ? whole : -1;
    whole += n;
    if (static_cast<std::size_t>(n) < pieces[i].iov_len) break;
  }
  return whole;
}

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t at) {
  static auto* const call = power::real<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  if (power::file_of(fd) == 0) return call(fd, pieces, count, at);
  ssize_t whole = 0;
  for (int i = 0; i < count; ++i) {
    const auto n = ::pwrite(fd, pieces[i].iov_base, pieces[i].iov_len, at + whole);
    if (n < 0) return whole > 0 ? whole : -1;
    whole += n;
    if (static_cast<std::size_t>(n) < pieces[i].iov_len) break;
  }
  return whole;
}

ssize_t pwritev64(int fd, const iovec* pieces, int count, off_t at) __attribute__((alias("pwritev")));

ssize_t pwritev2(int fd, const iovec* pieces, int count, off_t at, int flags) {
  static auto* const call = power::real<ssize_t(int, const iovec*, int, off_t, int)>("pwritev2");
  if (power::file_of(fd) == 0) return call(fd, pieces, count, at, flags);
  return at == -1 ? ::writev(fd, pieces, count) : ::pwritev(fd, pieces, count, at);
}

int fsync(int fd) { return power::sync_file(fd, false); }
int fdatasync(int fd) { return power::sync_file(fd, true); }

// It starts writing back and promises nothing: what it covers stays unsynced here.
int sync_file_range(int /*fd*/, off64_t /*at*/, off64_t /*size*/, unsigned /*flags*/) { return 0; }

int ftruncate(int fd, off_t size) {
  static auto* const call = power::real<int(int, off_t)>("ftruncate");
  const auto file = power::file_of(fd);
  const std::lock_guard lock(power::turn());
  const int result = call(fd, size);
  if (result == 0 && file != 0)
    append({.kind = Kind::truncated, .file = file, .a = static_cast<std::uint64_t>(size)});
  return result;
}

int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));

int truncate(const char* path, off_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const int result = ::ftruncate(fd, size);
  const int error = errno;
  ::close(fd);
  errno = error;
  return result;
}

int fallocate(int fd, int mode, off_t at, off_t size) {
  static auto* const call = power::real<int(int, int, off_t, off_t)>("fallocate");
  const auto file = power::file_of(fd);
  const std::lock_guard lock(power::turn());
  const auto before = file != 0 ? power::size_of(fd) : 0;
  const int result = call(fd, mode, at, size);
  if (file == 0 || result != 0) return result;
  const auto after = power::size_of(fd);
  if (after != before) append({.kind = Kind::truncated, .file = file, .a = after});
  if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) append({.kind = Kind::note, .text = "unfollowed: fallocate"});
  return result;
}

int fallocate64(int fd, int mode, off_t at, off_t size) __attribute__((alias("fallocate")));

int posix_fallocate(int fd, off_t at, off_t size) {
  static auto* const call = power::real<int(int, off_t, off_t)>("posix_fallocate");
  if (power::file_of(fd) == 0) return call(fd, at, size);
  return ::fallocate(fd, 0, at, size) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off_t at, off_t size) __attribute__((alias("posix_fallocate")));

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  static auto* const call = power::real<int(int, const char*, int, const char*, unsigned)>("renameat2");
  const auto text = power::two(power::below_root(from_folder, from), power::below_root(to_folder, to));
  return power::change_names(Kind::renamed, text,
                             [&] { return call(from_folder, from, to_folder, to, flags); });
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return ::renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char* from, const char* to) { return ::renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  static auto* const call = power::real<int(int, const char*, int, const char*, int)>("linkat");
  const auto text = power::two(power::below_root(from_folder, from), power::below_root(to_folder, to));
  return power::change_names(Kind::linked, text,
                             [&] { return call(from_folder, from, to_folder, to, flags); });
}

int link(const char* from, const char* to) { return ::linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char* path, int flags) {
  static auto* const call = power::real<int(int, const char*, int)>("unlinkat");
  const auto kind = (flags & AT_REMOVEDIR) != 0 ? Kind::removed_folder : Kind::unlinked;
  return power::change_names(kind, power::below_root(folder, path),
                             [&] { return call(folder, path, flags); });
}

int unlink(const char* path) { return ::unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) { return ::unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char* path) {
  if (::unlink(path) == 0) return 0;
  return errno == EISDIR ? ::rmdir(path) : -1;
}

int mkdirat(int folder, const char* path, mode_t mode) {
  static auto* const call = power::real<int(int, const char*, mode_t)>("mkdirat");
  return power::change_names(Kind::made_folder, power::below_root(folder, path),
                             [&] { return call(folder, path, mode); });
}

int mkdir(const char* path, mode_t mode) { return ::mkdirat(AT_FDCWD, path, mode); }

ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, size_t size, unsigned flags) {
  using Call = ssize_t(int, off64_t*, int, off64_t*, size_t, unsigned);
  static auto* const call = power::real<Call>("copy_file_range");
  if (power::file_of(to) == 0) return call(from, from_at, to, to_at, size, flags);
  errno = EXDEV;
  return -1;
}

ssize_t sendfile(int to, int from, off_t* at, size_t size) {
  static auto* const call = power::real<ssize_t(int, int, off_t*, size_t)>("sendfile");
  if (power::file_of(to) == 0) return call(to, from, at, size);
  errno = EINVAL;
  return -1;
}

ssize_t sendfile64(int to, int from, off_t* at, size_t size) __attribute__((alias("sendfile")));

int ioctl(int fd, unsigned long request, ...) {
  static auto* const call = power::real<int(int, unsigned long, ...)>("ioctl");
  std::va_list more;
  va_start(more, request);
  void* argument = va_arg(more, void*);
  va_end(more);
  if (request != FICLONE || power::file_of(fd) == 0) return call(fd, request, argument);
  errno = EOPNOTSUPP;
  return -1;
}

void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  static auto* const call = power::real<void*(void*, size_t, int, int, int, off_t)>("mmap");
  const bool writes = (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0;
  if (fd >= 0 && writes && power::file_of(fd) != 0) append({.kind = Kind::note, .text = "unfollowed: mmap"});
  return call(at, size, protection, flags, fd, offset);
}

void* mmap64(void* at, size_t size, int protection, int flags, int fd, off_t offset)
    __attribute__((alias("mmap")));

// The spool renames through syscall(2), because older C libraries have no renameat2.
long syscall(long number, ...) {
  static auto* const call = power::real<long(long, ...)>("syscall");
  std::va_list more;
  va_start(more, number);
  long a[6];
  for (auto& argument : a) argument = va_arg(more, long);
  va_end(more);
  if (number != SYS_renameat2) return call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return ::renameat2(static_cast<int>(a[0]), reinterpret_cast<const char*>(a[1]), static_cast<int>(a[2]),
                     reinterpret_cast<const char*>(a[3]), static_cast<unsigned>(a[4]));
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
