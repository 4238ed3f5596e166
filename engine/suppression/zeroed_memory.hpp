// Page-aligned memory that starts as zeros and costs nothing until it is touched.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>
#include <utility>

namespace sluice::suppression {

/// Construction throws std::bad_alloc when the system has no room.
class ZeroedMemory {
 public:
  explicit ZeroedMemory(std::size_t bytes) : bytes_(bytes) {
    at_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at_ == MAP_FAILED) throw std::bad_alloc();
    if (bytes_ >= kLarge) ::madvise(at_, bytes_, MADV_HUGEPAGE);  // a hint: fewer TLB misses
  }
  ~ZeroedMemory() {
    if (at_ != nullptr) ::munmap(at_, bytes_);
  }
  ZeroedMemory(ZeroedMemory&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)), bytes_(other.bytes_) {}
  ZeroedMemory& operator=(ZeroedMemory&&) = delete;

  [[nodiscard]] void* data() const { return at_; }
  [[nodiscard]] std::size_t size() const { return bytes_; }
  /// Zeros again, and the pages go back. Others may be reading: they see old bytes or zeros.
  void clear() { ::madvise(at_, bytes_, MADV_DONTNEED); }

 private:
  static constexpr std::size_t kLarge = 4u << 20;
  void* at_ = nullptr;
  std::size_t bytes_;
};

}  // namespace sluice::suppression
