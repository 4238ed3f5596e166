#include "queue/event_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>

#include "engine/base/log.hpp"
#include "engine/store/folder.hpp"
#include "queue/event_json.hpp"
#include "queue/event_tail.hpp"
#include "queue/families.hpp"
#include "queue/outbox.hpp"

namespace sluice::queue {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSentPart = 4096;
constexpr std::string_view kPrefix = "events-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr auto kMaxLineBytes = EventLogOptions::kMaxLineBytes;  // a torn line is looked for in this much

Error os_error(const std::string& doing) { return Error{ErrorCode::io, doing + ": " + std::strerror(errno)}; }

/// The number behind `"seq":` in an event line; 0 when there is none.
std::uint64_t seq_of(std::string_view line) {
  constexpr std::string_view kKey = "\"seq\":";
  const auto at = line.find(kKey);
  std::uint64_t seq = 0;
  if (at == std::string_view::npos) return 0;
  std::from_chars(line.data() + at + kKey.size(), line.data() + line.size(), seq);
  return seq;
}

}  // namespace

std::uint64_t first_seq_of(const fs::path& file) {
  const auto name = file.filename().string();
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
  std::uint64_t seq = 0;
  const char* begin = name.data() + kPrefix.size();
  const char* end = name.data() + name.size() - kSuffix.size();
  const auto parsed = std::from_chars(begin, end, seq);
  return parsed.ptr == end ? seq : 0;
}

Expected<std::uint64_t> last_seq_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(0, in.tellg()));
  const auto from = size > kMaxLineBytes ? size - kMaxLineBytes : 0;
  std::string tail(size - from, '\0');
  in.seekg(static_cast<std::streamoff>(from));
  if (!in.read(tail.data(), static_cast<std::streamsize>(tail.size())))
    return std::unexpected(os_error("reading " + file.string()));
  const auto end = tail.rfind('\n');
  if (end == std::string::npos) return 0;
  const auto before = end == 0 ? std::string::npos : tail.rfind('\n', end - 1);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  const auto seq = seq_of(std::string_view(tail).substr(begin, end - begin));
  if (seq == 0) return fail(ErrorCode::corrupt, file.string() + " ends in no event line");
  return seq;
}

std::vector<fs::path> event_files(const std::string& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (first_seq_of(entry.path()) > 0) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

EventLog::EventLog(Queue& queue, EventLogOptions options)
    : queue_(&queue), options_(std::move(options)), sent_(std::make_shared<SentIndex>(queue.database())) {}

EventLog::EventLog(EventLog&& other) noexcept
    : queue_(other.queue_),
      options_(std::move(other.options_)),
      exported_(other.exported_.load()),
      observer_(std::move(other.observer_)),
      consumed_(std::move(other.consumed_)),
      sent_(std::move(other.sent_)),
      trimmed_(other.trimmed_),
      file_(std::exchange(other.file_, -1)),
      file_size_(other.file_size_),
      path_(std::move(other.path_)) {}

EventLog::~EventLog() {
  if (file_ >= 0) ::close(file_);
}

Expected<EventLog> EventLog::open(Queue& queue, EventLogOptions options) {
  if (auto made = store::make_folder(options.folder); !made) return std::unexpected(made.error());
  EventLog log(queue, std::move(options));
  const OutboxReader outbox(queue.database(), 0);
  const bool waits = outbox.valid();
  if (waits) {
    auto cut = cut_damaged_events(log.options_.folder, outbox.seq());
    if (!cut) return std::unexpected(cut.error());
  }
  if (auto result = log.find_end(); !result) return std::unexpected(result.error());
  const bool no_files = log.exported_ == 0;
  if (const auto committed = queue.ledger().committed_seq(); log.exported_ > committed) {
    return fail(
        ErrorCode::corrupt,
        fmt::format("the event files in {} end at seq {}, but the store knows {} only: it has lost what came "
                    "after, or is another one. Put the store back that belongs to them, or run `sluice store "
                    "repair --accept-loss`",
                    log.options_.folder, log.exported(), committed));
  }
  if (waits) {
    const auto first = outbox.seq();
    log.trimmed_ = first - 1;
    if (no_files && first > 1) {  // they were moved away: go on behind what they held
      log::warn("event_files_absent", {{"folder", log.options_.folder}, {"next_seq", first}});
      log.exported_ = first - 1;
    }
    if (first > log.exported_ + 1) {
      return fail(
          ErrorCode::corrupt,
          fmt::format("the event files in {} end at seq {}, but the outbox begins at {}: events {}-{} are "
                      "missing; restore the files or move them away",
                      log.options_.folder, log.exported(), first, log.exported() + 1, first - 1));
    }
  } else if (log.exported_ == 0) {
    log.exported_ = queue.ledger().committed_seq();  // the files were moved away: go on behind what they held
  }
  if (auto result = log.gather_sent(); !result) return std::unexpected(result.error());
  return log;
}

Expected<> EventLog::gather_sent() {
  OutboxReader outbox(queue_->database(), 0, exported());
  for (; outbox.valid(); outbox.next()) {
    const auto event = Event::decode(outbox.event());
    if (!event || event->kind != EventKind::delivered || !event->id) continue;
    // Its entry may be on disk already, and tell of a bounce, while its row still holds later events.
    if (!sent_->on_disk(event->stream, event->id->row())) sent_->add(*event);
  }
  return outbox.status();
}

/// Opens the newest file, cuts a line without its newline, and learns the last seq.
Expected<> EventLog::find_end() {
  auto files = event_files(options_.folder);
  while (!files.empty()) {
    path_ = files.back();
    file_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    if (file_ < 0) return std::unexpected(os_error("opening " + path_.string()));
    const auto size = static_cast<std::uint64_t>(::lseek(file_, 0, SEEK_END));
    const auto tail_at = size > kMaxLineBytes ? size - kMaxLineBytes : 0;
    std::string tail(size - tail_at, '\0');
    if (::pread(file_, tail.data(), tail.size(), static_cast<off_t>(tail_at)) !=
        static_cast<ssize_t>(tail.size())) {
      return std::unexpected(os_error("reading " + path_.string()));
    }
    const auto last_newline = tail.rfind('\n');
    const auto whole = last_newline == std::string::npos ? 0 : last_newline + 1;
    if (whole < tail.size()) {
      log::warn("event_line_torn", {{"file", path_.string()}, {"bytes", tail.size() - whole}});
      if (::ftruncate(file_, static_cast<off_t>(tail_at + whole)) != 0) {
        return std::unexpected(os_error("cutting " + path_.string()));
      }
    }
    file_size_ = tail_at + whole;
    if (whole > 0) {
      const auto begin = whole >= 2 ? tail.rfind('\n', whole - 2) : std::string::npos;
      const auto line = std::string_view(tail).substr(begin == std::string::npos ? 0 : begin + 1, whole);
      exported_ = seq_of(line);
      ::lseek(file_, static_cast<off_t>(file_size_), SEEK_SET);
      if (exported_ == 0) return fail(ErrorCode::corrupt, path_.string() + " ends in no event line");
      // Whoever wrote this was perhaps killed before its sync, and the outbox is trimmed up to here.
      if (::fdatasync(file_) != 0) return std::unexpected(os_error("syncing " + path_.string()));
      return store::sync_folder(options_.folder);
    }
    ::close(file_);  // an empty file: made, then the crash came
    file_ = -1;
    fs::remove(path_);
    files.pop_back();
  }
  return {};
}

Expected<> EventLog::open_file(std::uint64_t first_seq) {
  if (file_ >= 0) ::close(file_);
  path_ = fs::path(options_.folder) / fmt::format("{}{:020}{}", kPrefix, first_seq, kSuffix);
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (file_ < 0) return std::unexpected(os_error("making " + path_.string()));
  file_size_ = 0;
  auto named = store::sync_folder(options_.folder);
  if (!named) {
    ::close(file_);
    file_ = -1;
  }
  return named;
}

Expected<> EventLog::append(const std::string& lines) {
  auto appended = write_synced(lines);
  // Part of the page may be there. It is written again from the same place, and meanwhile no reader meets it.
  if (!appended && ::ftruncate(file_, static_cast<off_t>(file_size_)) != 0) {
    log::warn("event_file_not_cut", {{"file", path_.string()}});
  }
  return appended;
}

Expected<> EventLog::write_synced(const std::string& lines) {
  std::size_t written = 0;
  while (written < lines.size()) {
    const auto n = ::pwrite(file_, lines.data() + written, lines.size() - written,
                            static_cast<off_t>(file_size_ + written));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::unexpected(os_error("writing " + path_.string()));
    written += static_cast<std::size_t>(n);
  }
  if (::fdatasync(file_) != 0) return std::unexpected(os_error("syncing " + path_.string()));
  file_size_ += lines.size();
  return {};
}

Expected<std::size_t> EventLog::export_page() {
  const auto committed = queue_->ledger().committed_seq();
  const auto before = exported();
  if (committed <= before) return 0;
  OutboxReader outbox(queue_->database(), before + 1, committed);
  std::string lines;
  std::string page;  // encoded, one behind the other: told on once they are synced
  std::vector<std::size_t> ends;
  auto seq = before;
  StreamPtr stream;
  for (; outbox.valid() && seq - before < options_.page_events; outbox.next()) {
    const auto event = Event::decode(outbox.event());
    if (outbox.seq() != seq + 1 || !event) {
      return fail(ErrorCode::corrupt, fmt::format("event {} is missing or damaged in the outbox", seq + 1));
    }
    ++seq;
    if (!stream || stream->id != event->stream) stream = queue_->streams().find(event->stream);
    append_event_line(lines, seq, *event, stream.get());
    ends.push_back(page.append(outbox.event()).size());
  }
  if (auto status = outbox.status(); !status) return std::unexpected(status.error());
  if (seq == before) return 0;
  if (file_ < 0 || file_size_ >= options_.file_bytes) {
    if (auto result = open_file(before + 1); !result) return std::unexpected(result.error());
  }
  if (auto result = append(lines); !result) return std::unexpected(result.error());
  exported_.store(seq, std::memory_order_release);
  std::size_t from = 0;
  for (auto told = before; const auto end : ends) {
    const auto event = Event::decode(std::string_view(page).substr(from, end - from));
    sent_->add(*event);
    if (observer_) observer_(++told, *event);
    from = end;
  }
  const auto wanted = consumed_ ? std::min(seq, consumed_()) : seq;
  if (wanted >= trimmed_ + options_.trim_every) trim(wanted);
  return seq - before;
}

/// Some thousand entries a commit, so that no lease waits long behind them; the outbox goes with the last.
void EventLog::trim(std::uint64_t upto) {
  const auto entries = sent_->take();
  const auto count = entries->places.size();
  auto& committer = queue_->committer();
  std::size_t from = 0;
  do {
    const auto to = std::min(from + kSentPart, count);
    const bool last = to == count;
    auto apply = [&told = queue_->told_rows(), entries, from, to, last, upto](store::Batch& batch) {
      for (auto i = from; i < to; ++i) {
        const auto& place = entries->places[i];
        if (!told.take(entries->key(place))) batch.put(kSent, entries->key(place), entries->value(place));
      }
      if (last) batch.erase_range(kOutbox, OutboxRow::key(0), OutboxRow::key(upto + 1));
    };
    auto done = [sent = sent_, entries, last](const Expected<>& result) {
      if (last && result) sent->stored(entries);
    };
    committer.submit(store::make_work(std::move(apply), std::move(done)), store::Urgency::soon);
    from = to;
  } while (from < count);
  trimmed_ = upto;
}

void EventLog::expire_files(fs::file_time_type now) {
  auto files = event_files(options_.folder);
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& file : files) total += fs::file_size(file, error);
  for (const auto& file : files) {
    if (file == path_) break;
    const auto size = fs::file_size(file, error);
    const bool old = now - fs::last_write_time(file, error) > options_.keep_for;
    if (!old && total <= options_.keep_bytes) continue;
    log::info("event_file_expired", {{"file", file.string()}});
    fs::remove(file, error);
    total -= size;
  }
}

}  // namespace sluice::queue
