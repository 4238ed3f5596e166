#include "engine/store/segment_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "engine/store/checksum.hpp"
#include "engine/store/folder.hpp"

namespace sluice::store {
namespace {

constexpr std::size_t kKeyBytes = 12;

std::unexpected<Error> io_error(const std::string& doing, const std::string& path) {
  const int error = errno;
  const auto code = error == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  return fail(code, doing + ' ' + path + ": " + std::strerror(error));
}

/// Changes the list while it goes.
bool write_all(int fd, std::span<iovec> parts) {
  constexpr std::size_t kMostParts = 1024;  // IOV_MAX of Linux
  while (!parts.empty()) {
    const auto n = ::writev(fd, parts.data(), static_cast<int>(std::min(parts.size(), kMostParts)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    auto left = static_cast<std::size_t>(n);
    while (!parts.empty() && left >= parts.front().iov_len) {
      left -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (parts.empty()) return true;
    if (n == 0) return false;
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + left;
    parts.front().iov_len -= left;
  }
  return true;
}

bool read_all(int fd, char* to, std::size_t size, std::uint64_t offset) {
  while (size > 0) {
    const auto n = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    size -= static_cast<std::size_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
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

}  // namespace

std::string BodyRef::key() const {
  std::string out;
  put_be<4>(out, segment);
  put_be<8>(out, offset);
  return out;
}

BodyRef BodyRef::of_key(std::string_view key) {
  SLUICE_ASSERT(key.size() == kKeyBytes);
  return {static_cast<std::uint32_t>(get_be<4>(key.data())), get_be<8>(key.data() + 4), 0, 0};
}

std::string segment_path(const std::string& folder, std::uint32_t number) {
  return fmt::format("{}/{:08x}.seg", folder, number);
}

std::uint32_t segment_number(std::string_view file_name) {
  if (file_name.size() != 12 || !file_name.ends_with(".seg")) return 0;
  std::uint32_t number = 0;
  for (const char c : file_name.substr(0, 8)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return 0;
    number = number << 4 | static_cast<std::uint32_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return number;
}

Expected<std::unique_ptr<SegmentFile>> SegmentFile::create(const std::string& folder, std::uint32_t number) {
  auto path = segment_path(folder, number);
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return io_error("creating", path);
  auto file = std::unique_ptr<SegmentFile>(new SegmentFile(fd, number, std::move(path)));
  if (::write(fd, kSegmentMagic.data(), kSegmentMagic.size()) != static_cast<ssize_t>(kSegmentMagic.size())) {
    auto failed = io_error("writing", file->path_);
    ::unlink(file->path_.c_str());
    return failed;
  }
  file->written_ = file->bytes_ = kSegmentMagic.size();
  if (auto named = sync_folder(folder); !named) return std::unexpected(named.error());
  return file;
}

SegmentFile::~SegmentFile() { ::close(fd_); }

BodyRef SegmentFile::stage(const std::vector<std::string>& pieces) {
  std::uint64_t length = 0;
  Crc32c crc;
  for (const auto& piece : pieces) {
    length += piece.size();
    crc.add(piece);
  }
  SLUICE_ASSERT(length <= UINT32_MAX);
  std::string frame;
  put_be<4>(frame, length);
  put_be<4>(frame, crc.value());
  auto& kept = frames_.emplace_back();
  std::copy(frame.begin(), frame.end(), kept.begin());
  staged_.push_back({kept.data(), kept.size()});
  // writev() takes pointers to what it does not change.
  for (const auto& piece : pieces) staged_.push_back({const_cast<char*>(piece.data()), piece.size()});
  const BodyRef ref{number_, bytes_ + kFrameBytes, static_cast<std::uint32_t>(length), crc.value()};
  bytes_ += kFrameBytes + length;
  return ref;
}

Expected<> SegmentFile::write() {
  Expected<> out;
  if (write_all(fd_, staged_)) {
    written_ = bytes_;
  } else {
    out = io_error("writing", path_);
    broken_ = ::ftruncate(fd_, static_cast<off_t>(written_)) != 0;
    bytes_ = written_;
  }
  staged_.clear();
  frames_.clear();
  return out;
}

Expected<> SegmentFile::sync() {
  if (::fdatasync(fd_) != 0) return io_error("syncing", path_);
  return {};
}

Expected<std::string> read_body(const std::string& folder, const BodyRef& ref) {
  const auto path = segment_path(folder, ref.segment);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return io_error("opening", path);
  std::array<char, kFrameBytes> frame{};
  std::string out(ref.length, '\0');
  const bool read = ref.offset >= kFrameBytes &&
                    read_all(file.fd, frame.data(), frame.size(), ref.offset - kFrameBytes) &&
                    read_all(file.fd, out.data(), out.size(), ref.offset);
  const bool good = read && get_be<4>(frame.data()) == ref.length && get_be<4>(frame.data() + 4) == ref.crc &&
                    crc32c(out) == ref.crc;
  if (!good)
    return fail(ErrorCode::corrupt, fmt::format("the body at {} of {} is damaged", ref.offset, path));
  return out;
}

Expected<> verify_body(const std::string& folder, BodyRef ref) {
  const auto path = segment_path(folder, ref.segment);
  std::array<char, kFrameBytes> frame{};
  std::uint64_t size = 0;
  {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd < 0) return io_error("opening", path);
    size = static_cast<std::uint64_t>(std::max<off_t>(0, ::lseek(file.fd, 0, SEEK_END)));
    const bool there = ref.offset >= kFrameBytes && ref.offset <= size &&
                       read_all(file.fd, frame.data(), frame.size(), ref.offset - kFrameBytes);
    ref.length = static_cast<std::uint32_t>(get_be<4>(frame.data()));
    if (!there || ref.length > size - ref.offset)  // before memory is taken for it
      return fail(ErrorCode::corrupt, fmt::format("the body at {} of {} is cut off", ref.offset, path));
  }
  ref.crc = static_cast<std::uint32_t>(get_be<4>(frame.data() + 4));
  auto body = read_body(folder, ref);
  if (!body) return std::unexpected(body.error());
  return {};
}

}  // namespace sluice::store
