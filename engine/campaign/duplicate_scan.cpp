#include "engine/campaign/duplicate_scan.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/assert.hpp"
#include "engine/campaign/hash_set.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kEntryBytes =
    24;  // hash, row; as they lie in memory, for this run of this process only

struct Entry {
  Hash128 hash;
  std::uint64_t row = 0;
};
static_assert(sizeof(Entry) == kEntryBytes);

}  // namespace

Expected<Descriptor> open_nameless(const std::string& directory) {
  Descriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid()) return file;
  std::string name = directory + "/.dedup.XXXXXX";  // a file system without O_TMPFILE
  file = Descriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.valid()) return fail_errno("creating a temporary file in " + directory, errno);
  ::unlink(name.c_str());
  return file;
}

DuplicateRows::DuplicateRows(DuplicateRows&& other) noexcept
    : file_(std::move(other.file_)),
      bits_(std::exchange(other.bits_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

DuplicateRows::~DuplicateRows() {
  if (bits_ != nullptr) ::munmap(bits_, bytes_);
}

Expected<DuplicateRows> DuplicateRows::create(const std::string& directory, std::uint64_t last_row) {
  DuplicateRows out;
  auto file = open_nameless(directory);
  if (!file) return std::unexpected(file.error());
  out.file_ = std::move(*file);
  const std::size_t bytes = last_row / 8 + 1;
  // Without reserved blocks a full disk would be a SIGBUS at some mark().
  if (const int error = ::posix_fallocate(out.file_.get(), 0, static_cast<off_t>(bytes)); error != 0) {
    return fail_errno("reserving " + std::to_string(bytes) + " bytes in " + directory, error);
  }
  void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, out.file_.get(), 0);
  if (at == MAP_FAILED) return fail_errno("mapping the bitmap of duplicates", errno);
  out.bits_ = static_cast<std::uint8_t*>(at);
  out.bytes_ = bytes;
  return out;
}

void DuplicateRows::mark(std::uint64_t row) {
  SLUICE_ASSERT(row / 8 < bytes_);
  bits_[row / 8] = static_cast<std::uint8_t>(bits_[row / 8] | (1u << (row % 8)));
}

bool DuplicateRows::contains(std::uint64_t row) const {
  return row / 8 < bytes_ && (bits_[row / 8] & (1u << (row % 8))) != 0;
}

Expected<DuplicateScan> DuplicateScan::create(std::string directory, std::size_t memory_bytes,
                                              std::size_t partitions) {
  DuplicateScan out;
  out.directory_ = std::move(directory);
  out.memory_bytes_ = std::max(memory_bytes, kLeastMemory);
  out.buffer_bytes_ =
      std::clamp<std::size_t>(out.memory_bytes_ / partitions, 4096, 256 << 10) / kEntryBytes * kEntryBytes;
  out.partitions_.resize(partitions);
  for (auto& partition : out.partitions_) {
    auto file = open_nameless(out.directory_);
    if (!file) return std::unexpected(file.error());
    partition.file = std::move(*file);
    partition.buffer.reserve(out.buffer_bytes_);
  }
  return out;
}

Expected<> DuplicateScan::add(Hash128 hash, std::uint64_t row) {
  SLUICE_ASSERT(row >= last_row_);
  last_row_ = row;
  // The top bits choose the partition, as they choose HashSet's table: search() turns the hash so that all
  // tables of its set fill alike.
  Partition& partition = partitions_[(hash.high >> 57) % partitions_.size()];
  const Entry entry{hash, row};
  const auto* bytes = reinterpret_cast<const char*>(&entry);
  partition.buffer.insert(partition.buffer.end(), bytes, bytes + kEntryBytes);
  ++partition.entries;
  return partition.buffer.size() < buffer_bytes_ ? Expected<>{} : flush(partition);
}

Expected<> DuplicateScan::flush(Partition& partition) {
  auto written = write_whole(partition.file.get(), {partition.buffer.data(), partition.buffer.size()});
  partition.buffer.clear();
  if (!written) return fail(written.error(), "partitioning the list for duplicates in " + directory_);
  return {};
}

/// A partition with more hashes than fit is read several times, each time for another residue of bits that
/// the set does not place them by.
Expected<> DuplicateScan::search(Partition& partition, DuplicateRows& out) const {
  const std::uint64_t fit = std::max<std::uint64_t>(memory_bytes_ / 2 / sizeof(Hash128) * 3 / 4, 1024);
  const std::uint64_t passes = partition.entries / fit + 1;
  std::vector<Entry> entries(4096);
  for (std::uint64_t pass = 0; pass < passes; ++pass) {
    HashSet seen(memory_bytes_);
    if (::lseek(partition.file.get(), 0, SEEK_SET) < 0) return fail_errno("reading a partition", errno);
    for (std::uint64_t left = partition.entries; left > 0;) {
      const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(left, entries.size()));
      auto got =
          read_some(partition.file.get(), {reinterpret_cast<char*>(entries.data()), count * kEntryBytes});
      if (!got) return fail(got.error(), "reading a partition");
      if (*got != count * kEntryBytes)
        return fail(ErrorCode::io, "a partition of the list is shorter than was written");
      for (const auto& entry : std::span(entries).first(count)) {
        if ((entry.hash.high & 0xffffffff) % passes != pass) continue;
        const auto answer = seen.insert({entry.hash.low, entry.hash.high << 7 | entry.hash.high >> 57});
        if (answer == HashSet::Insert::present) out.mark(entry.row);
        SLUICE_ASSERT(answer != HashSet::Insert::full);  // fit is half of what the set surely holds
      }
      left -= count;
    }
  }
  return {};
}

Expected<DuplicateRows> DuplicateScan::finish() {
  for (auto& partition : partitions_) {
    if (auto flushed = flush(partition); !flushed) return std::unexpected(flushed.error());
    partition.buffer = {};
  }
  auto out = DuplicateRows::create(directory_, last_row_);
  if (!out) return out;
  for (auto& partition : partitions_) {
    if (auto searched = search(partition, *out); !searched) return std::unexpected(searched.error());
    partition.file.close();
  }
  return out;
}

}  // namespace sluice::campaign
