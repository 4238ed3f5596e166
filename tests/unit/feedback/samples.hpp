// Messages of tests: from tests/data/feedback, which belong to the project, and from ../shared/bounces beside
// it, which do not and may be absent.
#pragma once

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace sluice::feedback::test {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::filesystem::path own_samples() {
  return std::filesystem::path(SLUICE_SOURCE_DIR) / "tests/data/feedback";
}

/// $SLUICE_BOUNCES, or the folder beside the repository.
inline std::filesystem::path shared_samples() {
  if (const char* set = std::getenv("SLUICE_BOUNCES")) return set;
  return std::filesystem::path(SLUICE_SOURCE_DIR).parent_path() / "shared/bounces";
}

/// Of the objects in a .jsonl file.
inline std::vector<boost::json::object> read_lines(const std::filesystem::path& path) {
  std::vector<boost::json::object> out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) out.push_back(boost::json::parse(line).as_object());
  return out;
}

inline std::string text_of(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

inline std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sluice::feedback::test
