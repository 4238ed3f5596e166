#include "engine/campaign/report_lines.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/campaign/safe_text.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kKeptRowBytes = 1000;

void member(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += ",\"";
  out += key;
  out += "\":";
  append_json_string(out, value);
}

void member(std::string& out, std::string_view key, std::uint64_t value) {
  out += ",\"";
  out += key;
  out += "\":";
  out += std::to_string(value);
}

}  // namespace

Expected<LineFile> LineFile::create(int directory, std::string name) {
  LineFile out(directory, std::move(name));
  const auto temporary = out.temporary();
  ::unlinkat(directory, temporary.c_str(), 0);
  out.file_ = Descriptor(
      ::openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!out.file_.valid()) return fail_errno("creating " + temporary, errno);
  out.buffer_.reserve(kBufferBytes + 4096);
  return out;
}

Expected<> LineFile::write(const FinalLine& line) {
  buffer_ += "{\"row\":";
  buffer_ += std::to_string(line.row);
  member(buffer_, "id", line.id);
  member(buffer_, "recipient", line.recipient);
  member(buffer_, "state", line.state);
  member(buffer_, "reason", line.reason);
  member(buffer_, "reply", line.reply);
  member(buffer_, "time", to_rfc3339(line.time));
  member(buffer_, "attempts", line.attempts);
  return end_line();
}

Expected<> LineFile::write(const Rejection& rejection, std::string_view text) {
  buffer_ += "{\"row\":";
  buffer_ += std::to_string(rejection.row);
  member(buffer_, "line", rejection.line);
  member(buffer_, "column", rejection.column);
  member(buffer_, "reason", rejection.reason);
  member(buffer_, "text", text.substr(0, kKeptRowBytes));
  return end_line();
}

Expected<> LineFile::end_line() {
  buffer_ += "}\n";
  ++lines_;
  return buffer_.size() < kBufferBytes ? Expected<>{} : flush();
}

Expected<> LineFile::flush() {
  auto written = write_whole(file_.get(), buffer_);
  buffer_.clear();
  if (!written) return fail(written.error(), name_);
  return {};
}

Expected<> LineFile::finish() {
  if (auto flushed = flush(); !flushed) return flushed;
  if (auto synced = sync_descriptor(file_.get(), name_); !synced) return synced;
  if (::renameat(directory_, temporary().c_str(), directory_, name_.c_str()) != 0) {
    return fail_errno("renaming to " + name_, errno);
  }
  file_.close();
  return sync_descriptor(directory_, "directory of " + name_);
}

}  // namespace sluice::campaign
