#include "queue/event_tail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "engine/base/log.hpp"
#include "queue/event_log.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = 1u << 20;

bool is_event_line(std::string_view line, std::uint64_t seq) {
  const bool whole = line.starts_with('{') && line.ends_with('}') &&
                     std::ranges::none_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return whole && line.find(fmt::format("\"seq\":{},", seq)) != std::string_view::npos;
}

/// The offset of the first damaged line at or behind `first_seq`; the size when there is none. A last line
/// without its end is damaged, too.
Expected<std::uint64_t> whole_until(const fs::path& file, std::uint64_t first_seq) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::io, "opening " + file.string());
  auto seq = first_seq_of(file);
  std::uint64_t good = 0;
  std::string text;
  while (in) {
    const auto before = text.size();
    text.resize(before + kReadBytes);
    in.read(text.data() + before, kReadBytes);
    text.resize(before + static_cast<std::size_t>(in.gcount()));
    if (in.bad()) return fail(ErrorCode::io, "reading " + file.string());
    std::size_t at = 0;
    for (auto end = text.find('\n', before); end != std::string::npos; end = text.find('\n', at)) {
      const auto line = std::string_view(text).substr(at, end - at);
      if (seq >= first_seq && !is_event_line(line, seq)) return good;
      ++seq;
      good += line.size() + 1;
      at = end + 1;
    }
    text.erase(0, at);
    if (text.size() > EventLogOptions::kMaxLineBytes) return good;  // no line is as long
  }
  return good;
}

}  // namespace

Expected<> cut_damaged_events(const std::string& folder, std::uint64_t first_seq) {
  const auto files = event_files(folder);
  // The last file that begins at or before first_seq, else the first.
  auto from = std::ranges::upper_bound(files, first_seq, {}, first_seq_of);
  if (from != files.begin()) --from;
  std::error_code error;
  for (auto file = from; file != files.end(); ++file) {
    const auto good = whole_until(*file, first_seq);
    if (!good) return std::unexpected(good.error());
    const auto size = fs::file_size(*file, error);
    if (*good == size) continue;
    log::warn("event_lines_cut", {{"file", file->string()}, {"bytes", size - *good}});
    for (auto behind = files.end() - 1; behind != file; --behind) fs::remove(*behind, error);
    if (!error) fs::resize_file(*file, *good, error);
    if (error) return fail(ErrorCode::io, "cutting " + file->string() + ": " + error.message());
    return {};
  }
  return {};
}

}  // namespace sluice::queue
