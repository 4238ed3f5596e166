// What a remote SMTP server said. It is data, never an error: exactly one function
// (engine/delivery/outcome.hpp) turns a reply into what happens to the recipient.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::message {

/// RFC 3463 enhanced status code; class_ 0 means the reply carried none.
struct EnhancedCode {
  std::uint8_t class_ = 0;
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;

  [[nodiscard]] bool present() const { return class_ != 0; }
  /// "5.1.1", or "" when absent.
  [[nodiscard]] std::string text() const {
    if (!present()) return {};
    return std::to_string(class_) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
  }
  friend bool operator==(const EnhancedCode&, const EnhancedCode&) = default;
};

/// `text` is every line's text joined with '\n', without codes, raw bytes as received (untrusted).
struct Reply {
  std::uint16_t code = 0;  ///< 200-599; 0 only in a default-made value
  EnhancedCode enhanced;
  std::string text;

  [[nodiscard]] bool positive() const { return code >= 200 && code < 400; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool permanent() const { return code >= 500 && code < 600; }
  friend bool operator==(const Reply&, const Reply&) = default;
};

}  // namespace sluice::message
