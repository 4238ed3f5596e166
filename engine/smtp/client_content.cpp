#include "engine/smtp/client_content.hpp"

#include <cstring>

namespace sluice::smtp {
namespace {

constexpr std::size_t kMaxLine = 998;

/// The content's lines over piece boundaries.
struct LineState {
  std::size_t length = 0;  // bytes of the line so far, without its CR
  bool after_cr = false;   // the last byte was a CR: only LF may follow

  /// Takes bytes without LF. False: illegal.
  bool text(std::string_view bytes, ContentScan& scan) {
    if (bytes.empty()) return true;
    if (after_cr) return false;
    if (length == 0 && bytes.front() == '.') scan.dot_lines = true;
    const void* cr = std::memchr(bytes.data(), '\r', bytes.size());
    if (cr != nullptr) {
      if (static_cast<const char*>(cr) != &bytes.back()) return false;
      after_cr = true;
      bytes.remove_suffix(1);
    }
    length += bytes.size();
    return length <= kMaxLine;
  }
  bool line_feed() {
    if (!after_cr) return false;
    after_cr = false;
    length = 0;
    return true;
  }
};

bool scan_piece(std::string_view piece, LineState& state, ContentScan& scan) {
  if (!piece.empty() && std::memchr(piece.data(), '\0', piece.size()) != nullptr) return false;
  while (!piece.empty()) {
    const void* found = std::memchr(piece.data(), '\n', piece.size());
    if (found == nullptr) return state.text(piece, scan);
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - piece.data());
    if (!state.text(piece.substr(0, at), scan) || !state.line_feed()) return false;
    piece.remove_prefix(at + 1);
  }
  return true;
}

/// The last two bytes of the content are CRLF; empty content counts as ended.
bool ends_in_crlf(std::span<const std::string_view> content) {
  char last[2] = {'\r', '\n'};
  std::size_t missing = 2;
  for (auto piece = content.rbegin(); piece != content.rend() && missing > 0; ++piece) {
    for (auto byte = piece->rbegin(); byte != piece->rend() && missing > 0; ++byte) last[--missing] = *byte;
  }
  return last[0] == '\r' && last[1] == '\n';
}

}  // namespace

ContentScan scan_content(std::span<const std::string_view> content) {
  ContentScan scan;
  LineState state;
  for (const auto piece : content) {
    if (!scan_piece(piece, state, scan)) {
      scan.legal = false;
      return scan;
    }
  }
  if (state.after_cr) scan.legal = false;
  return scan;
}

bool WireContent::prepare(const Message& message, ContentEnd end) {
  pieces_.clear();
  size_ = 0;
  bool stuffing = false;
  if (message.form == ContentForm::raw) {
    const auto scan = scan_content(message.content);
    if (!scan.legal) return false;
    stuffing = scan.dot_lines && end == ContentEnd::final_dot;
  }
  if (stuffing) {
    stuff(message.content);
  } else {
    for (const auto piece : message.content) add(piece);
  }
  const bool ended = ends_in_crlf(message.content);
  if (end == ContentEnd::final_dot) {
    add(ended ? ".\r\n" : "\r\n.\r\n");
  } else if (!ended) {
    add("\r\n");
  }
  return true;
}

void WireContent::add(std::string_view piece) {
  if (piece.empty()) return;
  pieces_.push_back(piece);
  size_ += piece.size();
}

void WireContent::stuff(std::span<const std::string_view> content) {
  stuffed_.clear();
  bool line_start = true;
  for (auto piece : content) {
    while (!piece.empty()) {
      if (line_start && piece.front() == '.') stuffed_ += '.';
      const auto end = piece.find('\n');
      const auto size = end == std::string_view::npos ? piece.size() : end + 1;
      line_start = end != std::string_view::npos;
      stuffed_.append(piece.substr(0, size));
      piece.remove_prefix(size);
    }
  }
  add(stuffed_);
}

void WireContent::trim(std::size_t keep) {
  if (stuffed_.capacity() <= keep) return;
  stuffed_ = {};
  pieces_.clear();
  size_ = 0;
}

}  // namespace sluice::smtp
