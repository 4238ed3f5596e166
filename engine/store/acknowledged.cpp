#include "engine/store/acknowledged.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/base/bytes.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/log.hpp"
#include "engine/store/checksum.hpp"
#include "engine/store/folder.hpp"

namespace sluice::store {
namespace {

constexpr std::string_view kMagic{"sluiceA\1", 8};
constexpr std::size_t kSlotBytes = 28;
constexpr off_t kSlotSpacing = 4096;
constexpr unsigned kSyncedSlots = 2;
constexpr unsigned kUnsyncedSlot = 2;
constexpr unsigned kSlots = 3;

std::unexpected<Error> io_error(const std::string& doing, const std::string& path) {
  return fail(ErrorCode::io, doing + ' ' + path + ": " + std::strerror(errno));
}

std::int64_t wall_ms() {
  return to_ms(std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()));
}

std::string encode(std::uint64_t sequence) {
  std::string out(kMagic);
  put_be<8>(out, sequence);
  put_be<8>(out, static_cast<std::uint64_t>(wall_ms()));
  put_be<4>(out, crc32c(out));
  return out;
}

std::optional<AcknowledgedMark> read_slot(int fd, unsigned slot) {
  std::array<char, kSlotBytes> bytes{};
  if (::pread(fd, bytes.data(), bytes.size(), slot * kSlotSpacing) != static_cast<ssize_t>(bytes.size()))
    return std::nullopt;
  const std::string_view text(bytes.data(), bytes.size());
  if (!text.starts_with(kMagic) || get_be<4>(bytes.data() + 24) != crc32c(text.substr(0, 24)))
    return std::nullopt;
  return AcknowledgedMark{get_be<8>(bytes.data() + 8),
                          static_cast<std::int64_t>(get_be<8>(bytes.data() + 16))};
}

}  // namespace

std::string Acknowledged::path_of(const std::string& database) { return database + ".acknowledged"; }

Expected<std::optional<AcknowledgedMark>> Acknowledged::read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) return io_error("opening", path);
  std::optional<AcknowledgedMark> out;
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    const auto mark = read_slot(fd, slot);
    if (mark && (!out || mark->sequence > out->sequence)) out = mark;
  }
  ::close(fd);
  if (!out) log::warn("acknowledged_unreadable", {{"path", path}});
  return out;
}

Expected<std::unique_ptr<Acknowledged>> Acknowledged::open(const std::string& path,
                                                           std::chrono::milliseconds interval) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return io_error("opening", path);
  auto out = std::unique_ptr<Acknowledged>(new Acknowledged(fd, path, interval));
  // All its bytes are there from the start, so that later writes change no size and find room on a full disk.
  if (::lseek(fd, 0, SEEK_END) < kSlots * kSlotSpacing) {
    const std::string zeros(kSlots * kSlotSpacing, '\0');
    if (::pwrite(fd, zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()))
      return io_error("writing", path);
    if (::fsync(fd) != 0) return io_error("syncing", path);
    const auto folder = std::filesystem::path(path).parent_path().string();
    if (auto named = sync_folder(folder.empty() ? "." : folder); !named)
      return std::unexpected(named.error());
  }
  const auto first = read_slot(fd, 0);
  const auto second = read_slot(fd, 1);
  out->turn_ = first && (!second || first->sequence > second->sequence) ? 1 : 0;
  return out;
}

Acknowledged::~Acknowledged() {
  if (noted_ > synced_) static_cast<void>(sync(noted_));
  ::close(fd_);
}

bool Acknowledged::write_slot(unsigned slot, std::uint64_t sequence) const {
  const auto bytes = encode(sequence);
  return ::pwrite(fd_, bytes.data(), bytes.size(), slot * kSlotSpacing) == static_cast<ssize_t>(bytes.size());
}

bool Acknowledged::sync(std::uint64_t sequence) {
  if (!write_slot(turn_, sequence) || ::fdatasync(fd_) != 0) return false;
  turn_ = (turn_ + 1) % kSyncedSlots;
  synced_ = sequence;
  synced_at_ = std::chrono::steady_clock::now();
  return true;
}

void Acknowledged::note(std::uint64_t sequence) {
  noted_ = sequence;
  bool written = write_slot(kUnsyncedSlot, sequence);
  if (std::chrono::steady_clock::now() - synced_at_ >= interval_) written = sync(sequence) && written;
  if (!written && !failed_) {
    log::error("acknowledged_not_written", {{"path", path_}, {"reason", std::strerror(errno)}});
  }
  failed_ = !written;
}

Expected<> Acknowledged::reset(std::uint64_t sequence) {
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    if (!write_slot(slot, sequence)) return io_error("writing", path_);
  }
  if (::fdatasync(fd_) != 0) return io_error("syncing", path_);
  noted_ = synced_ = sequence;
  return {};
}

}  // namespace sluice::store
