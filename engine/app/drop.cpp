#include "engine/app/drop.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

/// Removes the half-made copy unless it was handed over.
class PartialCopy {
 public:
  explicit PartialCopy(fs::path path) : path_(std::move(path)) {}
  PartialCopy(const PartialCopy&) = delete;
  PartialCopy& operator=(const PartialCopy&) = delete;
  ~PartialCopy() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  void handed_over() { path_.clear(); }

 private:
  fs::path path_;
};

std::unexpected<Error> refused(const fs::path& path, std::string_view why) {
  return fail(ErrorCode::invalid_input, fmt::format("{} {}", path.string(), why));
}

std::unexpected<Error> failed(std::string_view doing, const fs::path& path, const std::error_code& error) {
  const bool denied = error == std::errc::permission_denied || error == std::errc::no_such_file_or_directory;
  return fail(denied ? ErrorCode::permission : ErrorCode::io,
              fmt::format("{} {}: {}", doing, path.string(), error.message()));
}

Expected<> copy_tree(const fs::path& from, const fs::path& to,
                     const std::map<std::string, std::string>& instead, const DropOptions& options) {
  std::error_code error;
  std::size_t files = 0;
  auto entry = fs::recursive_directory_iterator(from, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const auto relative = entry->path().lexically_relative(from);
    const auto kind = entry->symlink_status(error).type();
    if (error) break;
    if (++files > options.max_files)
      return refused(from, fmt::format("holds more than {} files", options.max_files));
    if (kind == fs::file_type::directory) {
      if (static_cast<std::size_t>(entry.depth()) >= options.max_depth)
        return refused(entry->path(), "is nested too deep");
      fs::create_directory(to / relative, error);
    } else if (kind != fs::file_type::regular) {
      return refused(entry->path(), "is a link or special file; a campaign holds plain files only");
    } else if (!instead.contains(relative.string()) &&
               std::ranges::find(options.leave_out, relative.string()) == options.leave_out.end()) {
      fs::copy_file(entry->path(), to / relative, error);
    }
    if (error) return failed("copying", entry->path(), error);
  }
  if (error) return failed("reading", from, error);
  return {};
}

Expected<> write_files(const fs::path& folder, const std::map<std::string, std::string>& files) {
  for (const auto& [name, bytes] : files) {
    std::ofstream out(folder / name, std::ios::binary);
    out << bytes;
    out.close();
    if (!out)
      return fail(ErrorCode::io,
                  fmt::format("writing {}: {}", (folder / name).string(), std::strerror(errno)));
  }
  return {};
}

}  // namespace

Expected<> drop_campaign(const std::string& directory, const std::string& spool, const std::string& name,
                         const std::map<std::string, std::string>& instead, const DropOptions& options) {
  const fs::path incoming = fs::path(spool) / "incoming";
  auto pattern = (incoming / fmt::format(".{}.XXXXXX", name)).string();
  if (!::mkdtemp(pattern.data())) {
    return failed("making a folder in", incoming, std::error_code(errno, std::generic_category()));
  }
  PartialCopy partial(pattern);
  if (auto copied = copy_tree(directory, pattern, instead, options); !copied) return copied;
  if (auto written = write_files(pattern, instead); !written) return written;
  if (options.complete) {
    if (auto completed = options.complete(pattern); !completed) return completed;
  }
  std::error_code ignored;
  fs::permissions(pattern, fs::perms(0750),
                  ignored);  // mkdtemp's 0700 would keep out a service of the same group
  const auto target = (incoming / name).string();
  if (::renameat2(AT_FDCWD, pattern.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return fail(ErrorCode::conflict, fmt::format("{} waits there already", target));
    return failed("moving the campaign to", target, std::error_code(errno, std::generic_category()));
  }
  partial.handed_over();
  return {};
}

}  // namespace sluice::app
