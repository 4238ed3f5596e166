// Makes message content fit for the wire: checks its lines, stuffs dots, ends it. No I/O.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/smtp/envelope.hpp"

namespace sluice::smtp {

/// How the end of the content is told to the server.
enum class ContentEnd { final_dot, chunk };

class WireContent {
 public:
  /// Prepares `content` for one transaction. False: the message is illegal and must not be sent. Views given
  /// out later point into the message and into this object: valid until the next prepare(). `raw` content is
  /// scanned once; it is copied only when a line begins with a dot.
  [[nodiscard]] bool prepare(const Message& message, ContentEnd end);

  /// The pieces to write: content, CRLF when it was missing, and the final dot where one is due.
  [[nodiscard]] std::span<const std::string_view> pieces() const { return pieces_; }
  /// Bytes of all pieces.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Gives back memory above `keep` bytes that a large message made us hold.
  void trim(std::size_t keep);

 private:
  void add(std::string_view piece);
  void stuff(std::span<const std::string_view> content);

  std::vector<std::string_view> pieces_;
  std::string stuffed_;
  std::size_t size_ = 0;
};

/// What a scan of raw content finds.
struct ContentScan {
  bool legal = true;       ///< CR and LF only as CRLF, no NUL, lines of at most 998 bytes
  bool dot_lines = false;  ///< a line begins with a dot
};
[[nodiscard]] ContentScan scan_content(std::span<const std::string_view> content);

}  // namespace sluice::smtp
