// The spool's five directories and the moves between them:
//
// clang-format off
//   incoming/NAME --accepted--> active/NAME --every recipient final--> done/NAME
//        |                            `-------list unreadable--------> failed/NAME
//        `--refused--> rejected/NAME with reason.txt
// clang-format on
//
// A move is one rename, made durable by syncing both directories. It never replaces anything: where the name
// is taken a suffix -2, -3 … is added. Whether a campaign is accepted the store decides, not the place of its
// directory.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/campaign/descriptor.hpp"
#include "engine/campaign/problem.hpp"

namespace sluice::campaign {

enum class Place : std::uint8_t { incoming, active, done, failed, rejected };

[[nodiscard]] std::string_view name_of(Place place);

/// Names that are never looked at: still being written, or hidden. Leading '.', trailing ".tmp" or ".part".
[[nodiscard]] bool ignored_name(std::string_view name);

/// What a name meant when it was looked at: the store keeps it with the acceptance.
struct DirectoryIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const DirectoryIdentity&, const DirectoryIdentity&) = default;
};

[[nodiscard]] Expected<DirectoryIdentity> identity_of(int file);

/// Any number of threads may read; moves from one thread.
class Spool {
 public:
  /// Makes the directories that are missing. They must be on one file system, or a move could not be one
  /// step.
  [[nodiscard]] static Expected<Spool> open(const std::string& path);

  [[nodiscard]] int descriptor(Place place) const { return places_[static_cast<std::size_t>(place)].get(); }
  [[nodiscard]] std::string path(Place place, const std::string& name = {}) const;

  [[nodiscard]] bool exists(Place place, const std::string& name) const;
  /// not_found; links are not followed.
  [[nodiscard]] Expected<DirectoryIdentity> identity(Place place, const std::string& name) const;

  /// The name itself, or with the first free suffix; still a valid id.
  [[nodiscard]] Expected<std::string> free_name(Place place, const std::string& name) const;

  /// The name it now has. not_found when there is no such entry.
  [[nodiscard]] Expected<std::string> move(Place from, const std::string& name, Place to,
                                           const std::string& wanted);

  /// After a restart, for a campaign the store has accepted: moves its directory on to active/ if that had
  /// not happened. Only the very directory that was accepted is moved: an entry of that name that came later
  /// stays. The name it has in active/: `active_name`, unless somebody else took that meanwhile.
  [[nodiscard]] Expected<std::string> finish_acceptance(const std::string& incoming_name,
                                                        const std::string& active_name,
                                                        const DirectoryIdentity& accepted);

  /// Writes reason.txt (beside it, as NAME.reason.txt, where the entry is no directory we may write in) and
  /// moves the entry to rejected/. The name it now has.
  [[nodiscard]] Expected<std::string> reject(const std::string& incoming_name, const Problems& problems);

 private:
  Spool() = default;

  std::string path_;
  std::array<Descriptor, 5> places_;
};

}  // namespace sluice::campaign
