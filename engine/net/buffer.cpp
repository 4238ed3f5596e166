#include "engine/net/buffer.hpp"

#include <algorithm>
#include <cstring>

#include "engine/base/assert.hpp"

namespace sluice::net {

ReadBuffer::ReadBuffer(std::size_t cap, std::size_t initial)
    : cap_(std::max<std::size_t>(cap, 1)), initial_(std::clamp<std::size_t>(initial, 1, cap_)) {}

std::span<char> ReadBuffer::prepare(std::size_t wanted) {
  if (full()) return {};
  wanted = std::clamp<std::size_t>(wanted, 1, cap_ - size());
  if (capacity_ - end_ < wanted) make_room(wanted);
  return {bytes_.get() + end_, std::min(capacity_ - end_, cap_ - size())};
}

void ReadBuffer::make_room(std::size_t wanted) {
  const auto held = size();
  if (capacity_ - held >= wanted) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
  } else {
    const auto grown = std::min(cap_, std::max({initial_, capacity_ * 2, held + wanted}));
    auto larger = std::make_unique_for_overwrite<char[]>(grown);
    if (held != 0) std::memcpy(larger.get(), bytes_.get() + begin_, held);
    bytes_ = std::move(larger);
    capacity_ = grown;
  }
  searched_ -= std::min(searched_, begin_);
  begin_ = 0;
  end_ = held;
}

void ReadBuffer::commit(std::size_t n) {
  SLUICE_ASSERT(n <= capacity_ - end_);
  end_ += n;
}

void ReadBuffer::consume(std::size_t n) {
  SLUICE_ASSERT(n <= size());
  begin_ += n;
  searched_ = std::max(searched_, begin_);
  if (begin_ == end_) clear();
}

void ReadBuffer::clear() { begin_ = end_ = searched_ = 0; }

std::optional<std::string_view> ReadBuffer::take_line() {
  if (searched_ == end_) return std::nullopt;
  const char* base = bytes_.get();
  const void* found = std::memchr(base + searched_, '\n', end_ - searched_);
  if (found == nullptr) {
    searched_ = end_;
    return std::nullopt;
  }
  const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - base);
  auto length = at - begin_;
  if (length > 0 && base[at - 1] == '\r') --length;
  const std::string_view line(base + begin_, length);
  consume(at + 1 - begin_);
  return line;
}

void ReadBuffer::release_if_empty() {
  if (!empty()) return;
  clear();
  bytes_.reset();
  capacity_ = 0;
}

}  // namespace sluice::net
