// How far a gathered write has come: a span of views and a position in it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sluice::net {

class WriteCursor {
 public:
  /// The views and their bytes must outlive the cursor.
  explicit WriteCursor(std::span<const std::string_view> buffers) : rest_(buffers) { skip_empty(); }

  [[nodiscard]] bool done() const { return rest_.empty(); }
  /// What is left of the first view; not when done().
  [[nodiscard]] std::string_view first() const { return rest_.front().substr(offset_); }
  /// The views after the first.
  [[nodiscard]] std::span<const std::string_view> others() const { return rest_.subspan(1); }
  /// Bytes moved since construction.
  [[nodiscard]] std::size_t moved() const { return moved_; }

  /// n <= what is left.
  void advance(std::size_t n) {
    moved_ += n;
    while (n > 0) {
      const auto left = rest_.front().size() - offset_;
      if (n < left) {
        offset_ += n;
        return;
      }
      n -= left;
      offset_ = 0;
      rest_ = rest_.subspan(1);
    }
    skip_empty();
  }

 private:
  void skip_empty() {
    while (!rest_.empty() && offset_ == rest_.front().size()) {
      rest_ = rest_.subspan(1);
      offset_ = 0;
    }
  }

  std::span<const std::string_view> rest_;
  std::size_t offset_ = 0;
  std::size_t moved_ = 0;
};

}  // namespace sluice::net
