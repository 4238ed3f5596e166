#include "engine/campaign/problem.hpp"

#include <fmt/format.h>

namespace sluice::campaign {

std::string visible(std::string_view untrusted, std::size_t limit) {
  std::string out;
  for (const char c : untrusted.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (untrusted.size() > limit) out += "...";
  return out;
}

std::string Problem::to_text() const {
  std::string where = file.empty() ? std::string("(directory)") : visible(file);
  if (line != 0) where += fmt::format(":{}", line);
  if (line != 0 && column != 0) where += fmt::format(":{}", column);
  return where + ": " + visible(text, 1000);
}

std::string Problems::reason_text(std::string_view name) const {
  std::string out = fmt::format("The campaign {} was not accepted; nothing was sent.\n\n", visible(name));
  for (const auto& problem : list_) out += problem.to_text() + '\n';
  if (list_.size() == kMaxProblems) out += "... and perhaps more: only the first problems are listed.\n";
  out += "\nMend the files and move the directory into incoming/ again.\n";
  return out;
}

}  // namespace sluice::campaign
