#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <tuple>

#include "config/assemble.hpp"
#include "config/check.hpp"
#include "config/reader.hpp"

namespace sluice::config {
namespace {

std::unexpected<Problems> one_problem(const std::string& file, Position at, std::string text) {
  return std::unexpected(Problems{{file, at, std::move(text), {}}});
}

/// toml++ of Debian is built with exceptions; they end here.
std::expected<toml::table, Problems> parse(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, std::string_view(file));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return one_problem(file, {at.line, at.column}, fmt::format("not TOML: {}", error.description()));
  } catch (const std::exception& error) {
    return one_problem(file, {}, fmt::format("cannot be read as TOML: {}", error.what()));
  }
}

}  // namespace

std::expected<Loaded, Problems> load_file(const std::string& path, const LoadOptions& options) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error).lexically_normal().string();
  if (std::filesystem::is_directory(path, error)) return one_problem(path, {}, "is a directory, not a file");
  std::ifstream in(path, std::ios::binary);
  if (!in) return one_problem(path, {}, fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::string text;
  const auto most = static_cast<std::size_t>(options.max_file.bytes);
  for (char block[16'384]; in.read(block, sizeof block), in.gcount() > 0 && text.size() <= most;) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return one_problem(path, {}, "cannot be read");
  if (text.size() > most)
    return one_problem(path, {}, fmt::format("is larger than {}", to_text(options.max_file)));
  return load_text(text, full, options);
}

std::expected<Loaded, Problems> load_text(std::string_view text, const std::string& file,
                                          const LoadOptions& options) {
  auto document = parse(text, file);
  if (!document) return std::unexpected(std::move(document.error()));
  Loaded loaded;
  loaded.file = file;
  Problems problems;
  Reader(options, loaded, problems).read(*document);
  if (loaded.config.spool.dir.empty()) {
    loaded.config.spool.dir = (std::filesystem::path(loaded.config.data_dir) / "spool").string();
  }
  cross_check(loaded, options, problems);
  if (options.document == Document::configuration) assemble(loaded, options, problems);
  if (problems.empty()) return loaded;
  std::ranges::sort(problems, {}, [](const Problem& one) { return std::tie(one.file, one.at, one.text); });
  return std::unexpected(std::move(problems));
}

}  // namespace sluice::config
