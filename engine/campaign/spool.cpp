#include "engine/campaign/spool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/campaign/beneath.hpp"
#include "engine/campaign/spec.hpp"
#include "engine/store/folder.hpp"

namespace sluice::campaign {
namespace {

constexpr int kMostSuffixes = 10'000;
constexpr std::size_t kLongestName = 100;

std::string suffixed(const std::string& name, int n) {
  if (n == 1) return name;
  const auto suffix = fmt::format("-{}", n);
  return name.substr(0, kLongestName - suffix.size()) + suffix;
}

/// A valid id that reminds of `name`.
std::string sanitised(const std::string& name) {
  std::string out = name.substr(0, kLongestName);
  for (char& c : out) {
    const char one[] = {c, '\0'};
    if (!valid_id(std::string_view(one, 1)) && c != '.') c = '_';
  }
  if (out.empty() || out.front() == '.') out.insert(0, "_");
  return out.substr(0, kLongestName);
}

}  // namespace

std::string_view name_of(Place place) {
  switch (place) {
    case Place::incoming:
      return "incoming";
    case Place::active:
      return "active";
    case Place::done:
      return "done";
    case Place::failed:
      return "failed";
    case Place::rejected:
      return "rejected";
  }
  return "rejected";
}

bool ignored_name(std::string_view name) {
  return name.empty() || name.front() == '.' || name.ends_with(".tmp") || name.ends_with(".part");
}

Expected<Spool> Spool::open(const std::string& path) {
  Spool out;
  out.path_ = path;
  if (auto made = store::make_folder(path); !made) return std::unexpected(made.error());
  Descriptor top(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid()) return fail_errno("opening " + path, errno);
  std::uint64_t device = 0;
  for (std::size_t i = 0; i < out.places_.size(); ++i) {
    const std::string name(name_of(static_cast<Place>(i)));
    if (::mkdirat(top.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
      return fail_errno("making " + path + '/' + name, errno);
    }
    out.places_[i] = Descriptor(::openat(top.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!out.places_[i].valid()) return fail_errno("opening " + path + '/' + name, errno);
    struct stat status{};
    if (::fstat(out.places_[i].get(), &status) != 0) return fail_errno("fstat " + path + '/' + name, errno);
    if (i > 0 && status.st_dev != device) {
      return fail(ErrorCode::invalid_input, path + '/' + name +
                                                " is on another file system than incoming/; a campaign "
                                                "must move between them in one step");
    }
    device = status.st_dev;
  }
  if (auto synced = sync_descriptor(top.get(), path); !synced) return std::unexpected(synced.error());
  return out;
}

std::string Spool::path(Place place, const std::string& name) const {
  const auto base = fmt::format("{}/{}", path_, name_of(place));
  return name.empty() ? base : base + '/' + name;
}

bool Spool::exists(Place place, const std::string& name) const {
  struct stat status{};
  return ::fstatat(descriptor(place), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

Expected<DirectoryIdentity> identity_of(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return fail_errno("fstat", errno);
  return DirectoryIdentity{status.st_dev, status.st_ino};
}

Expected<DirectoryIdentity> Spool::identity(Place place, const std::string& name) const {
  struct stat status{};
  if (::fstatat(descriptor(place), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return fail_errno(path(place, visible(name)), errno);
  }
  return DirectoryIdentity{status.st_dev, status.st_ino};
}

Expected<std::string> Spool::free_name(Place place, const std::string& name) const {
  for (int n = 1; n <= kMostSuffixes; ++n) {
    auto candidate = suffixed(name, n);
    if (!exists(place, candidate)) return candidate;
  }
  return fail(ErrorCode::limit,
              fmt::format("{} has {} entries named like {}", path(place), kMostSuffixes, name));
}

Expected<std::string> Spool::move(Place from, const std::string& name, Place to, const std::string& wanted) {
  for (int n = 1; n <= kMostSuffixes; ++n) {
    auto candidate = suffixed(wanted, n);
    const auto moved = ::syscall(SYS_renameat2, descriptor(from), name.c_str(), descriptor(to),
                                 candidate.c_str(), RENAME_NOREPLACE);
    if (moved != 0 && (errno == EEXIST || errno == ENOTEMPTY)) continue;
    if (moved != 0)
      return fail_errno(fmt::format("moving {} to {}/", path(from, visible(name)), name_of(to)), errno);
    // The new place first: after a crash between the two the directory has both names or one, never none.
    if (auto synced = sync_descriptor(descriptor(to), path(to)); !synced)
      return std::unexpected(synced.error());
    if (auto synced = sync_descriptor(descriptor(from), path(from)); !synced)
      return std::unexpected(synced.error());
    return candidate;
  }
  return fail(ErrorCode::limit,
              fmt::format("{} has {} entries named like {}", path(to), kMostSuffixes, wanted));
}

Expected<std::string> Spool::finish_acceptance(const std::string& incoming_name,
                                               const std::string& active_name,
                                               const DirectoryIdentity& accepted) {
  if (const auto there = identity(Place::active, active_name); there && *there == accepted)
    return active_name;
  const auto waiting = identity(Place::incoming, incoming_name);
  if (!waiting || *waiting != accepted) {
    return fail(ErrorCode::not_found,
                fmt::format("the directory accepted as {} is neither in active/ nor in incoming/",
                            visible(incoming_name)));
  }
  return move(Place::incoming, incoming_name, Place::active, active_name);
}

Expected<std::string> Spool::reject(const std::string& incoming_name, const Problems& problems) {
  const auto text = problems.reason_text(incoming_name);
  auto directory = open_directory(descriptor(Place::incoming), incoming_name);
  const bool inside = directory && write_durably(directory->get(), "reason.txt", text).has_value();
  auto moved = move(Place::incoming, incoming_name, Place::rejected, sanitised(incoming_name));
  if (!moved || inside) return moved;
  if (auto beside = write_durably(descriptor(Place::rejected), *moved + ".reason.txt", text); !beside) {
    return std::unexpected(beside.error());
  }
  return moved;
}

}  // namespace sluice::campaign
