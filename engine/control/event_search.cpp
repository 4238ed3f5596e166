#include "engine/control/event_search.hpp"

#include <algorithm>
#include <fstream>

#include "queue/event_log.hpp"

namespace sluice::control {
namespace {

constexpr std::uint64_t kChunkBytes = 1u << 20;

/// One file, backwards. `tail` carries the first, perhaps cut line of a chunk into the one before it.
class Backwards {
 public:
  Backwards(const std::string& needle, std::uint64_t& budget) : needle_(needle), budget_(budget) {}

  /// The last line with the needle, or "". False in `whole`: the budget ended first.
  Expected<std::string> search(const std::filesystem::path& path, bool& whole) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) return fail(ErrorCode::io, "reading " + path.string());
    auto end = static_cast<std::uint64_t>(in.tellg());
    std::string tail;
    while (end > 0 && budget_ > 0) {
      const auto size = std::min({kChunkBytes, end, budget_});
      std::string chunk(size, '\0');
      in.seekg(static_cast<std::streamoff>(end - size));
      if (!in.read(chunk.data(), static_cast<std::streamsize>(size)))
        return fail(ErrorCode::io, "reading " + path.string());
      end -= size;
      budget_ -= size;
      chunk += tail;
      const auto first = end == 0 ? 0 : chunk.find('\n') + 1;  // npos + 1 is 0: no whole line begins here
      if (const auto at = chunk.rfind(needle_); at != std::string::npos && at >= first)
        return line_at(chunk, at);
      tail = first == 0 ? std::move(chunk) : chunk.substr(0, first);
    }
    whole = whole && end == 0;
    return std::string();
  }

 private:
  static std::string line_at(const std::string& text, std::size_t at) {
    const auto begin = text.rfind('\n', at) + 1;
    return text.substr(begin, text.find('\n', at) - begin);
  }

  const std::string& needle_;
  std::uint64_t& budget_;
};

}  // namespace

Expected<FoundEvent> last_event_of(const std::string& folder, const MessageId& id, std::uint64_t max_bytes) {
  FoundEvent out;
  out.searched_all = true;
  const auto needle = "\"id\":\"" + id.text() + "\"";
  auto files = queue::event_files(folder);
  std::ranges::reverse(files);
  for (const auto& file : files) {
    auto line = Backwards(needle, max_bytes).search(file, out.searched_all);
    if (!line) return std::unexpected(line.error());
    out.line = std::move(*line);
    if (!out.line.empty() || !out.searched_all) return out;
  }
  return out;
}

}  // namespace sluice::control
