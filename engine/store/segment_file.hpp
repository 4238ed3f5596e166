// One append-only file of raw bodies. Begins with kSegmentMagic; then, body after body:
//
//   length(4) crc32c(4) bytes        integers big-endian
//
// A segment is written by one thread, once: after a restart nothing is appended to an old one, so a torn tail
// is never followed by good bytes, and nobody refers to it because a body is named only after its sync.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"

namespace sluice::store {

inline constexpr std::string_view kSegmentMagic{"sluice\0\1", 8};
inline constexpr std::size_t kFrameBytes = 8;

/// Where a body is and what it must be. `offset` is that of its first byte.
struct BodyRef {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t crc = 0;

  /// segment(4) offset(8): the part that names it.
  [[nodiscard]] std::string key() const;
  /// Of a key as key() makes it; length and crc are the caller's to add.
  [[nodiscard]] static BodyRef of_key(std::string_view key);
  friend bool operator==(const BodyRef&, const BodyRef&) = default;
};

class SegmentFile {
 public:
  /// "00000001.seg" in `folder`; must not exist. Durable as a name when it returns.
  [[nodiscard]] static Expected<std::unique_ptr<SegmentFile>> create(const std::string& folder,
                                                                     std::uint32_t number);
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  /// Gives the body its place; the pieces are written by write(), and must stay until then.
  BodyRef stage(const std::vector<std::string>& pieces);
  /// What was staged, in as few calls as there can be; not synced. On failure the file is cut back to what it
  /// was, and nothing is staged any more.
  [[nodiscard]] Expected<> write();
  [[nodiscard]] Expected<> sync();
  /// It could not be cut back: nothing may be appended any more.
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }

 private:
  SegmentFile(int fd, std::uint32_t number, std::string path)
      : fd_(fd), number_(number), path_(std::move(path)) {}

  using Frame = std::array<char, kFrameBytes>;

  const int fd_;
  const std::uint32_t number_;
  const std::string path_;
  std::deque<Frame> frames_;   ///< of staged bodies; a deque: addresses stay while it grows
  std::vector<iovec> staged_;  ///< frame and pieces, body after body
  std::uint64_t written_ = 0;  ///< in the file
  std::uint64_t bytes_ = 0;    ///< with what is staged
  bool broken_ = false;
};

[[nodiscard]] std::string segment_path(const std::string& folder, std::uint32_t number);
/// The number of a segment file's name; 0 for any other name.
[[nodiscard]] std::uint32_t segment_number(std::string_view file_name);
/// The body's bytes, checked. Any thread. corrupt: other bytes stand there; not_found: the segment is gone.
[[nodiscard]] Expected<std::string> read_body(const std::string& folder, const BodyRef& ref);
/// The same of a body whose length and crc are known only from its frame: `ref` names segment and offset.
[[nodiscard]] Expected<> verify_body(const std::string& folder, BodyRef ref);

}  // namespace sluice::store
