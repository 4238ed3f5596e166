// Lines on a terminal that the next ones overwrite.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace sluice::app {

class Picture {
 public:
  explicit Picture(std::ostream& out) : out_(out) {}

  /// Each line fits the terminal; what else is written in between must end in a new line and be followed by
  /// leave().
  void draw(const std::vector<std::string>& lines) {
    std::string text = lines_ > 0 ? "\x1b[" + std::to_string(lines_) + "A" : "";
    for (const auto& line : lines) text += line + "\x1b[K\n";
    text += "\x1b[J";
    lines_ = lines.size();
    out_ << text << std::flush;
  }
  /// The lines stay; the next picture is drawn below them.
  void leave() { lines_ = 0; }

 private:
  std::ostream& out_;
  std::size_t lines_ = 0;
};

}  // namespace sluice::app
