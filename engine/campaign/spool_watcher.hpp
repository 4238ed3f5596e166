// Finds campaigns in incoming/. A directory moved in is ready at once; one made in place is ready when
// nothing in it has changed for `settle`. inotify tells quickly; a rescan finds what it missed (start,
// overflow, network disks).
//
// Plain poll object: wait until fd() is readable or next_wake() is reached, then process(now), then take()
// until it gives nothing. One thread. The only clock is the `now` given.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "engine/base/siphash.hpp"
#include "engine/campaign/descriptor.hpp"
#include "engine/campaign/spool.hpp"

namespace sluice::campaign {

class SpoolWatcher {
 public:
  struct Options {
    Micros settle = std::chrono::seconds(10);  ///< unchanged for this long: 1 s …
    Micros look = std::chrono::seconds(1);     ///< how often an unsettled directory is looked at
    Micros rescan = std::chrono::seconds(30);
    std::size_t most_names = 1000;  ///< looked after at once; others are found by a rescan when some are gone
    std::size_t most_entries = 2000;  ///< files looked at to see whether one directory still changes
    std::size_t most_depth = 8;
  };

  /// `spool` must outlive the watcher.
  [[nodiscard]] static Expected<SpoolWatcher> open(const Spool& spool, const Options& options, Instant now);

  /// Readable when something happened in incoming/.
  [[nodiscard]] int fd() const { return inotify_.get(); }
  [[nodiscard]] Instant next_wake() const;

  /// Errors: incoming/ cannot be read; the watcher goes on trying at each rescan.
  [[nodiscard]] Expected<> process(Instant now);

  /// The next name to look at, oldest first. It is not given again until it has left incoming/, or until
  /// put_back.
  [[nodiscard]] std::optional<std::string> take();
  /// It could not be dealt with now (disk full, store away): given again at `retry`.
  void put_back(const std::string& name, Instant retry);

  [[nodiscard]] std::size_t watched() const { return names_.size(); }

 private:
  enum class State : std::uint8_t { settling, ready, taken, waiting };

  struct Entry {
    State state = State::settling;
    Hash128 signature;
    Instant since;  ///< settling: unchanged since; waiting: until
  };

  SpoolWatcher(const Spool& spool, const Options& options) : spool_(&spool), options_(options) {}

  /// False when events were lost.
  bool read_events(Instant now);
  Expected<> rescan(Instant now);
  void found(const std::string& name, Instant now);
  void moved_in(const std::string& name);
  void make_ready(const std::string& name, Entry& entry);
  void look(Instant now);
  [[nodiscard]] Hash128 signature_of(const std::string& name) const;

  const Spool* spool_;
  Options options_;
  Descriptor inotify_;
  std::map<std::string, Entry> names_;
  std::deque<std::string> ready_;
  Instant next_rescan_;
  Instant next_look_ = Instant::max();
};

}  // namespace sluice::campaign
