#include "engine/store/segments.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "engine/base/log.hpp"
#include "engine/store/folder.hpp"

namespace sluice::store {

using std::chrono::steady_clock;

Expected<std::unique_ptr<Segments>> Segments::open(SegmentsOptions options) {
  namespace fs = std::filesystem;
  auto segments = std::unique_ptr<Segments>(new Segments(std::move(options)));
  const auto& folder = segments->options_.folder;
  std::error_code error;
  const auto made = make_folder(folder);
  if (!made) return std::unexpected(made.error());
  if (*made) fs::permissions(folder, fs::perms::owner_all, error);
  fs::directory_iterator entries(folder, error);
  if (error) return fail(ErrorCode::io, "opening " + folder + ": " + error.message());
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    const auto number = segment_number(entries->path().filename().string());
    if (number == 0) continue;
    segments->sealed_.emplace(number, std::make_shared<Segment>(number));
    segments->last_number_ = std::max(segments->last_number_, number);
  }
  if (error) return fail(ErrorCode::io, "reading " + folder + ": " + error.message());
  return segments;
}

Segments::~Segments() { stop(); }

void Segments::start(InUse in_use) {
  in_use_ = std::move(in_use);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "bodies");
    run();
  });
}

void Segments::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Expected<> Segments::append(std::vector<std::string> pieces, Done done) {
  Item item;
  item.pieces = std::move(pieces);
  item.done = std::move(done);
  for (const auto& piece : item.pieces) item.bytes += piece.size();
  if (item.bytes > options_.max_body_bytes) return fail(ErrorCode::limit, "the body exceeds max_body_bytes");
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(ErrorCode::cancelled, "the body store is closing");
    if (pending_.size() >= options_.max_pending)
      return fail(ErrorCode::limit, "max_pending bodies wait to be written");
    if (item.bytes > 0 && pending_bytes_ > 0 && pending_bytes_ + item.bytes > options_.max_pending_bytes) {
      return fail(ErrorCode::limit, "max_pending_bytes of bodies wait to be written");
    }
    pending_bytes_ += item.bytes;
    pending_.push_back(std::move(item));
  }
  wake_.notify_one();
  return {};
}

void Segments::run() {
  std::vector<Item> batch;
  sweep();
  auto next_sweep = steady_clock::now() + options_.sweep_interval;
  while (take(batch)) {
    write(batch);
    batch.clear();
    if (steady_clock::now() < next_sweep) continue;
    sweep();
    next_sweep = steady_clock::now() + options_.sweep_interval;
  }
}

/// False when stopped and nothing is left; an empty batch when it is time to sweep.
bool Segments::take(std::vector<Item>& batch) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, options_.sweep_interval, [this] { return stopping_ || !pending_.empty(); });
  batch.swap(pending_);
  return !batch.empty() || !stopping_;
}

void Segments::write(std::vector<Item>& batch) {
  first_unsynced_ = 0;
  std::uint64_t bytes = 0;
  for (const auto& item : batch) bytes += item.bytes;
  const auto room = check_room(bytes);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto& item = batch[i];
    if (item.pieces.empty()) continue;
    if (active_ && (active_->broken() || active_->bytes() >= options_.segment_bytes)) {
      write_placed(batch, i);
      seal_active();
    }
    item.result = room ? place(item) : std::unexpected(room.error());
  }
  write_placed(batch, batch.size());
  {
    const std::lock_guard lock(mutex_);
    pending_bytes_ -= bytes;
    for (const auto& item : batch) {
      if (item.pieces.empty()) continue;
      stats_.bodies += item.result ? 1 : 0;
      stats_.bytes += item.result ? item.bytes : 0;
      stats_.failures += item.result ? 0 : 1;
    }
  }
  for (auto& item : batch) {
    item.done(item.result);
    item = Item{};  // its pin goes now, not with the batch
  }
}

/// Gives the body its place in the segment that is being written; a new one where there is none.
Expected<StoredBody> Segments::place(const Item& item) {
  if (!active_) {
    std::uint32_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = ++last_number_;
    }
    auto made = SegmentFile::create(options_.folder, number);
    if (!made) return std::unexpected(made.error());
    active_ = std::move(*made);
    active_pin_ = std::make_shared<Segment>(number);
    const std::lock_guard lock(mutex_);
    has_active_ = true;
  }
  return StoredBody{active_->stage(item.pieces), active_pin_};
}

/// Writes and syncs what was placed since the last sync, before `end`.
void Segments::write_placed(std::vector<Item>& batch, std::size_t end) {
  const auto placed = [](const Item& item) { return !item.pieces.empty() && item.result; };
  const auto first = batch.begin() + static_cast<std::ptrdiff_t>(first_unsynced_);
  const auto last = batch.begin() + static_cast<std::ptrdiff_t>(end);
  if (active_ && std::any_of(first, last, placed)) {
    if (!active_->write()) {
      for (auto item = first; item != last; ++item) {
        if (placed(*item)) write_alone(*item);
      }
    }
    if (active_ && std::any_of(first, last, placed)) static_cast<void>(sync_active(batch, end));
  }
  first_unsynced_ = end;
}

void Segments::write_alone(Item& item) {
  item.result = active_->broken()
                    ? fail(ErrorCode::io, "the segment cannot be written any more")
                    : Expected<StoredBody>(StoredBody{active_->stage(item.pieces), active_pin_});
  if (!item.result) return;
  if (auto written = active_->write(); !written) {
    log::error("body_write_failed", {{"reason", written.error().text}});
    item.result = std::unexpected(written.error());
  }
}

/// Syncs the bodies placed since the last sync, those before `end`; on failure they are reported failed and
/// the segment is sealed.
Expected<> Segments::sync_active(std::vector<Item>& batch, std::size_t end) {
  auto synced = active_->sync();
  {
    const std::lock_guard lock(mutex_);
    ++stats_.syncs;
  }
  if (!synced) {
    log::error("body_sync_failed", {{"reason", synced.error().text}});
    for (auto i = first_unsynced_; i < end; ++i) {
      if (!batch[i].pieces.empty() && batch[i].result) batch[i].result = std::unexpected(synced.error());
    }
    seal_active();
  }
  first_unsynced_ = end;
  return synced;
}

void Segments::seal_active() {
  if (!active_) return;
  const std::lock_guard lock(mutex_);
  sealed_.emplace(active_->number(), std::move(active_pin_));
  active_.reset();
  has_active_ = false;
}

Expected<> Segments::check_room(std::uint64_t bytes) const {
  struct statvfs disk{};
  if (::statvfs(options_.folder.c_str(), &disk) != 0) return {};  // the write will tell
  const auto free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (free >= options_.min_free_bytes && free - options_.min_free_bytes >= bytes) return {};
  return fail(ErrorCode::unavailable, fmt::format("{} bytes are free below {}", free, options_.folder));
}

void Segments::sweep() {
  std::vector<std::uint32_t> idle;
  {
    // No pin is made for a sealed segment any more, so one without pins now has all its names committed.
    const std::lock_guard lock(mutex_);
    for (const auto& [number, segment] : sealed_) {
      if (segment.use_count() == 1) idle.push_back(number);
    }
  }
  for (const auto number : idle) {
    const auto in_use = in_use_ ? in_use_(number) : Expected<bool>(true);
    if (!in_use || *in_use) continue;
    const auto path = segment_path(options_.folder, number);
    if (::unlink(path.c_str()) != 0) {
      log::warn("segment_not_removed", {{"path", path}});
      continue;
    }
    const std::lock_guard lock(mutex_);
    sealed_.erase(number);
    ++stats_.removed;
  }
}

SegmentsStats Segments::stats() const {
  const std::lock_guard lock(mutex_);
  auto out = stats_;
  out.segments = sealed_.size() + (has_active_ ? 1 : 0);
  return out;
}

}  // namespace sluice::store
