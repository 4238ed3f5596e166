#include "engine/app/message_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <istream>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

/// Cuts a stream into messages at the "From " lines of an mbox, or takes it whole.
class MessageReader {
 public:
  MessageReader(std::istream& in, std::string name, const EachMessage& each,
                const MessageFilesOptions& options)
      : in_(in), name_(std::move(name)), each_(each), options_(options) {}

  void read() {
    std::string line;
    bool blank = true;
    bool first = true;
    while (std::getline(in_, line)) {
      const bool from = line.starts_with("From ");
      if (first && from) mbox_ = true;
      if (mbox_ && from && blank) {
        if (!first) give();
      } else {
        add(line);
      }
      first = false;
      blank = line.empty() || line == "\r";
    }
    if (!first) give();
  }

 private:
  void add(std::string_view line) {
    const auto quoted = line.find_first_not_of('>');
    if (mbox_ && quoted != 0 && quoted != std::string_view::npos && line.substr(quoted).starts_with("From "))
      line.remove_prefix(1);
    if (message_.size() >= options_.message_bytes) return;
    message_ += line.substr(0, options_.message_bytes - message_.size());
    message_ += '\n';
  }

  void give() {
    ++count_;
    each_(mbox_ ? fmt::format("{}:{}", name_, count_) : name_, message_);
    message_.clear();
  }

  std::istream& in_;
  std::string name_;
  const EachMessage& each_;
  const MessageFilesOptions& options_;
  std::string message_;
  bool mbox_ = false;
  std::size_t count_ = 0;
};

std::vector<fs::path> sorted(const fs::path& folder, std::error_code& error) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with('.')) out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

Expected<> visit(const fs::path& path, const EachMessage& each, const MessageFilesOptions& options,
                 std::size_t depth) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    if (depth >= options.depth) return fail(ErrorCode::limit, path.string() + " is too deep");
    const bool maildir = fs::is_directory(path / "cur", error) && fs::is_directory(path / "new", error);
    auto entries = sorted(path, error);
    if (maildir) entries = {path / "new", path / "cur"};
    for (const auto& entry : entries) {
      if (auto done = visit(entry, each, options, depth + 1); !done) return done;
    }
    return {};
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::not_found, path.string() + " cannot be read");
  MessageReader(in, path.string(), each, options).read();
  if (in.bad()) return fail(ErrorCode::io, path.string() + " cannot be read");
  return {};
}

}  // namespace

Expected<> each_message(const std::string& path, const EachMessage& each,
                        const MessageFilesOptions& options) {
  if (path == "-") {
    MessageReader(std::cin, "-", each, options).read();
    return {};
  }
  return visit(path, each, options, 0);
}

}  // namespace sluice::app
