// A read buffer that grows up to a cap and gives lines. Views it gives stay valid until the next prepare() or
// consume(). One owner, no I/O.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace sluice::net {

class ReadBuffer {
 public:
  /// Holds at most `cap` bytes; allocates `initial` (at most `cap`) at the first prepare().
  explicit ReadBuffer(std::size_t cap, std::size_t initial = 4096);

  /// Writable room behind the unread bytes, at least one byte, `wanted` where the cap allows; empty when
  /// `cap` unread bytes are held: the peer sent more than this protocol step may hold.
  [[nodiscard]] std::span<char> prepare(std::size_t wanted);
  /// `n` bytes of the last prepare() were filled.
  void commit(std::size_t n);

  [[nodiscard]] std::string_view unread() const { return {bytes_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] bool full() const { return size() >= cap_; }
  /// n <= size().
  void consume(std::size_t n);
  void clear();

  /// Takes the next line off the buffer: ended by LF, given without the LF and without one CR before it.
  /// Nothing when no LF is there yet; bytes looked at once are not searched again.
  [[nodiscard]] std::optional<std::string_view> take_line();

  /// Gives the memory back when empty; the next prepare() allocates anew. For connections that go idle.
  void release_if_empty();

 private:
  void make_room(std::size_t wanted);

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  // no LF in [begin_, searched_)
  std::size_t cap_;
  std::size_t initial_;
};

}  // namespace sluice::net
