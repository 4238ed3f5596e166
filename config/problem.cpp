#include "config/problem.hpp"

#include <fmt/format.h>

namespace sluice::config {

std::string to_text(const Problem& problem) {
  if (problem.at.line == 0) return fmt::format("{}: {}", problem.file, problem.text);
  return fmt::format("{}:{}:{}: {}", problem.file, problem.at.line, problem.at.column, problem.text);
}

std::string to_text(const Problems& problems) {
  std::string out;
  for (const auto& problem : problems) out += to_text(problem) + '\n';
  return out;
}

}  // namespace sluice::config
