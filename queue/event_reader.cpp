#include "queue/event_reader.hpp"

#include <charconv>

#include "queue/event_log.hpp"

namespace sluice::queue {
namespace {

constexpr std::streamoff kScan = 64 << 10;  ///< closer than this a line is found by reading on

}  // namespace

std::uint64_t seq_of_line(std::string_view line) {
  constexpr std::string_view kKey = "\"seq\":";
  const auto at = line.find(kKey);
  std::uint64_t seq = 0;
  if (at == std::string_view::npos) return 0;
  std::from_chars(line.data() + at + kKey.size(), line.data() + line.size(), seq);
  return seq;
}

const EventLine* EventReader::peek(std::uint64_t upto) {
  while (!peeked_) {
    if (after_ >= upto) return nullptr;
    if (!read_line() && !open_next()) return nullptr;
  }
  return line_.seq <= upto ? &line_ : nullptr;
}

void EventReader::pop() {
  if (!peeked_) return;
  after_ = line_.seq;
  peeked_ = false;
}

/// True: a line was read; it may be one to skip. A line without its newline is still being written.
bool EventReader::read_line() {
  if (!file_.is_open()) return false;
  if (!std::getline(file_, text_) || file_.eof()) {
    file_.clear();
    file_.seekg(at_);
    return false;
  }
  at_ += static_cast<std::streamoff>(text_.size()) + 1;
  line_ = {seq_of_line(text_), text_};
  peeked_ = line_.seq > after_;
  return true;
}

/// The file that holds the number behind after_, or the one behind the open one. False: there is none.
bool EventReader::open_next() {
  const auto files = event_files(folder_);
  if (path_.empty()) {
    const std::filesystem::path* found = nullptr;
    for (const auto& file : files) {
      if (found == nullptr || first_seq_of(file) <= after_ + 1) found = &file;
    }
    return found != nullptr && open(*found);
  }
  for (const auto& file : files) {
    if (first_seq_of(file) <= first_seq_of(path_)) continue;
    // Once a next file is there the open one is complete: what came to it meanwhile is read first.
    return read_line() || open(file);
  }
  return false;
}

bool EventReader::open(const std::filesystem::path& path) {
  path_ = path;
  file_.close();
  file_.clear();
  file_.open(path_, std::ios::binary);
  at_ = 0;
  if (!file_.is_open()) return false;
  if (first_seq_of(path_) <= after_) seek_behind(after_);
  return true;
}

/// Halves the file until the line is near: numbers grow with the place.
void EventReader::seek_behind(std::uint64_t after) {
  file_.seekg(0, std::ios::end);
  std::streamoff low = 0;
  std::streamoff high = file_.tellg();
  while (high - low > kScan) {
    const auto middle = low + (high - low) / 2;
    file_.seekg(middle);
    std::string line;
    std::getline(file_, line);
    const auto begin = static_cast<std::streamoff>(file_.tellg());
    const bool whole = static_cast<bool>(std::getline(file_, line)) && !file_.eof();
    file_.clear();
    if (!whole || begin >= high || seq_of_line(line) > after) {
      high = middle;
    } else {
      low = begin;
    }
  }
  at_ = low;
  file_.clear();
  file_.seekg(at_);
}

}  // namespace sluice::queue
