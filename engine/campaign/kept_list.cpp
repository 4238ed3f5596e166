#include "engine/campaign/kept_list.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "engine/base/bytes.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kEdgeBytes = 64 << 10;
constexpr std::size_t kBlockBytes = 4 << 10;
constexpr std::size_t kBlocks = 64;
constexpr std::size_t kCopyStep = 16 << 20;
constexpr HashKey kSampleKey{0x736c756963650001,
                             0x6c69737466700001};  // fixed: fingerprints outlive a process

Expected<std::string> read_at(int file, std::uint64_t offset, std::size_t size) {
  std::string out(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto n = ::pread(file, out.data() + filled, size - filled, static_cast<off_t>(offset + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("reading the list", errno);
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  out.resize(filled);
  return out;
}

Expected<> copy_bytes(int from, int to) {
  off_t offset = 0;
  bool by_kernel = true;
  for (;;) {
    if (by_kernel) {
      const auto n = ::copy_file_range(from, &offset, to, nullptr, kCopyStep, 0);
      if (n == 0) return {};
      if (n > 0 || errno == EINTR) continue;
      if (errno == ENOSPC || errno == EIO) return fail_errno("copying the list", errno);
      by_kernel = false;  // another file system, or a kernel that cannot
    }
    auto chunk = read_at(from, static_cast<std::uint64_t>(offset), 1 << 20);
    if (!chunk) return std::unexpected(chunk.error());
    if (chunk->empty()) return {};
    if (auto written = write_whole(to, *chunk); !written) return fail(written.error(), "copying the list");
    offset += static_cast<off_t>(chunk->size());
  }
}

/// Makes `temporary`; what kind it is.
Expected<KeptBy> place(int file, int directory, const std::string& temporary, std::uint64_t bytes,
                       const KeepOptions& options) {
  if (bytes > options.copy_bytes) {
    const auto own_name = fmt::format("/proc/self/fd/{}", file);
    Descriptor clone(::openat(directory, temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!clone.valid()) return fail_errno("creating " + temporary, errno);
    if (::ioctl(clone.get(), FICLONE, file) == 0) return KeptBy::clone;
    ::unlinkat(directory, temporary.c_str(), 0);
    if (::linkat(AT_FDCWD, own_name.c_str(), directory, temporary.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return KeptBy::link;
  }
  Descriptor copy(::openat(directory, temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!copy.valid()) return fail_errno("creating " + temporary, errno);
  if (::ioctl(copy.get(), FICLONE, file) == 0) return KeptBy::clone;
  auto copied = copy_bytes(file, copy.get());
  if (!copied) return std::unexpected(copied.error());
  return KeptBy::copy;
}

}  // namespace

std::string ListFingerprint::encode() const {
  std::string out;
  put_be<8>(out, bytes);
  put_be<8>(out, static_cast<std::uint64_t>(modified_ns));
  put_be<8>(out, samples.high);
  put_be<8>(out, samples.low);
  return out;
}

Expected<ListFingerprint> ListFingerprint::decode(std::string_view encoded) {
  ByteReader in(encoded);
  ListFingerprint out;
  out.bytes = in.be<8>();
  out.modified_ns = static_cast<std::int64_t>(in.be<8>());
  out.samples.high = in.be<8>();
  out.samples.low = in.be<8>();
  if (!in.ok() || !in.at_end()) return fail(ErrorCode::corrupt, "a list's fingerprint does not decode");
  return out;
}

Expected<ListFingerprint> fingerprint(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return fail_errno("fstat of the list", errno);
  ListFingerprint out;
  out.bytes = static_cast<std::uint64_t>(status.st_size);
  out.modified_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  std::string samples;
  const auto add = [&](std::uint64_t offset, std::size_t size) -> Expected<> {
    auto bytes = read_at(file, offset, size);
    if (!bytes) return std::unexpected(bytes.error());
    samples += *bytes;
    return {};
  };
  if (auto head = add(0, kEdgeBytes); !head) return std::unexpected(head.error());
  if (out.bytes > kEdgeBytes) {
    if (auto tail = add(out.bytes - kEdgeBytes, kEdgeBytes); !tail) return std::unexpected(tail.error());
    const std::uint64_t step = out.bytes / (kBlocks + 1);
    for (std::uint64_t i = 1; i <= kBlocks; ++i) {
      if (auto block = add(step * i, kBlockBytes); !block) return std::unexpected(block.error());
    }
  }
  out.samples = siphash128(kSampleKey, samples);
  return out;
}

Expected<KeptList> keep_list(int file, int directory, const std::string& name, const KeepOptions& options) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return fail_errno("fstat of the list", errno);
  const std::string temporary = "." + name + ".tmp";
  ::unlinkat(directory, temporary.c_str(), 0);
  KeptList out;
  auto placed = place(file, directory, temporary, static_cast<std::uint64_t>(status.st_size), options);
  if (!placed) {
    ::unlinkat(directory, temporary.c_str(), 0);
    return std::unexpected(placed.error());
  }
  out.how = *placed;
  Descriptor kept(::openat(directory, temporary.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!kept.valid()) return fail_errno("opening the kept list", errno);
  if (auto synced = sync_descriptor(kept.get(), "the kept list"); !synced)
    return std::unexpected(synced.error());
  auto print = fingerprint(kept.get());
  if (!print) return std::unexpected(print.error());
  out.fingerprint = *print;
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    return fail_errno("renaming the kept list", errno);
  }
  // Two names of one file already: rename does nothing then, and leaves the first name behind.
  ::unlinkat(directory, temporary.c_str(), 0);
  if (auto synced = sync_descriptor(directory, "the directory of kept lists"); !synced) {
    return std::unexpected(synced.error());
  }
  return out;
}

Expected<Descriptor> open_kept(int directory, const std::string& name, const ListFingerprint& expected) {
  Descriptor file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid()) return fail_errno("opening the kept list " + name, errno);
  auto now = fingerprint(file.get());
  if (!now) return std::unexpected(now.error());
  if (*now == expected) return file;
  std::string how = "its content";
  if (now->bytes != expected.bytes) {
    how = fmt::format("its size, {} bytes then and {} now", expected.bytes, now->bytes);
  } else if (now->samples == expected.samples) {
    how = "its time of change";
  }
  return fail(ErrorCode::conflict,
              fmt::format("the list {} was changed after it was accepted ({})", name, how));
}

}  // namespace sluice::campaign
