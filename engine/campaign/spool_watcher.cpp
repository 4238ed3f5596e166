#include "engine/campaign/spool_watcher.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "engine/campaign/tree_signature.hpp"

namespace sluice::campaign {
namespace {

constexpr std::uint32_t kEvents = IN_MOVED_TO | IN_CREATE | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;
constexpr int kMostReads = 64;  // of 64 KiB; the rest is read at the next call

}  // namespace

Expected<SpoolWatcher> SpoolWatcher::open(const Spool& spool, const Options& options, Instant now) {
  SpoolWatcher out(spool, options);
  out.inotify_ = Descriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!out.inotify_.valid()) return fail_errno("inotify_init1", errno);
  if (::inotify_add_watch(out.fd(), spool.path(Place::incoming).c_str(), kEvents) < 0) {
    return fail_errno("watching " + spool.path(Place::incoming), errno);
  }
  out.next_rescan_ = now;
  return out;
}

Instant SpoolWatcher::next_wake() const { return std::min(next_rescan_, next_look_); }

Expected<> SpoolWatcher::process(Instant now) {
  const bool complete = read_events(now);
  Expected<> scanned;
  if (!complete || now >= next_rescan_) {
    next_rescan_ = now + options_.rescan;
    scanned = rescan(now);
  }
  if (now >= next_look_) look(now);
  return scanned;
}

bool SpoolWatcher::read_events(Instant now) {
  alignas(inotify_event) char buffer[64 << 10];
  for (int i = 0; i < kMostReads; ++i) {
    const auto size = ::read(fd(), buffer, sizeof buffer);
    if (size <= 0) return true;
    for (const char* at = buffer; at < buffer + size;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const std::string name(event.len == 0 ? "" : at + sizeof event);
      at += sizeof event + event.len;
      if ((event.mask & (IN_Q_OVERFLOW | IN_IGNORED)) != 0) return false;
      if (ignored_name(name)) continue;
      if ((event.mask & (IN_MOVED_FROM | IN_DELETE)) != 0) names_.erase(name);
      if ((event.mask & IN_MOVED_TO) != 0) moved_in(name);
      if ((event.mask & IN_CREATE) != 0) found(name, now);
    }
  }
  return true;
}

void SpoolWatcher::moved_in(const std::string& name) {
  if (!names_.contains(name) && names_.size() >= options_.most_names) return;
  Entry& entry = names_[name];
  entry = Entry{};  // another directory than the one that had this name before
  make_ready(name, entry);
}

void SpoolWatcher::make_ready(const std::string& name, Entry& entry) {
  entry.state = State::ready;
  ready_.push_back(name);
}

void SpoolWatcher::found(const std::string& name, Instant now) {
  if (names_.contains(name) || names_.size() >= options_.most_names) return;
  names_[name] = Entry{State::settling, signature_of(name), now};
  next_look_ = std::min(next_look_, now + options_.look);
}

Expected<> SpoolWatcher::rescan(Instant now) {
  const int copy = ::openat(spool_->descriptor(Place::incoming), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* directory = copy < 0 ? nullptr : ::fdopendir(copy);
  if (directory == nullptr) return fail_errno("reading " + spool_->path(Place::incoming), errno);
  std::set<std::string, std::less<>> there;
  while (const dirent* entry = ::readdir(directory)) {
    std::string name = entry->d_name;
    if (ignored_name(name)) continue;
    found(name, now);
    if (names_.contains(name)) there.insert(std::move(name));
  }
  ::closedir(directory);
  std::erase_if(names_, [&](const auto& item) { return !there.contains(item.first); });
  return {};
}

void SpoolWatcher::look(Instant now) {
  next_look_ = Instant::max();
  for (auto& [name, entry] : names_) {
    if (entry.state == State::waiting && now >= entry.since) make_ready(name, entry);
    if (entry.state == State::settling) {
      const auto signature = signature_of(name);
      if (signature != entry.signature) {
        entry.signature = signature;
        entry.since = now;
      } else if (now - entry.since >= options_.settle) {
        make_ready(name, entry);
      }
    }
    if (entry.state == State::settling) next_look_ = std::min(next_look_, now + options_.look);
    if (entry.state == State::waiting) next_look_ = std::min(next_look_, entry.since);
  }
}

std::optional<std::string> SpoolWatcher::take() {
  while (!ready_.empty()) {
    auto name = std::move(ready_.front());
    ready_.pop_front();
    const auto entry = names_.find(name);
    if (entry == names_.end() || entry->second.state != State::ready) continue;  // gone, or taken already
    entry->second.state = State::taken;
    return name;
  }
  return std::nullopt;
}

void SpoolWatcher::put_back(const std::string& name, Instant retry) {
  const auto entry = names_.find(name);
  if (entry == names_.end()) return;
  entry->second.state = State::waiting;
  entry->second.since = retry;
  next_look_ = std::min(next_look_, retry);
}

Hash128 SpoolWatcher::signature_of(const std::string& name) const {
  return tree_signature(spool_->descriptor(Place::incoming), name, options_.most_entries,
                        options_.most_depth);
}

}  // namespace sluice::campaign
