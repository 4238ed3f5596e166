#include "engine/campaign/done_expiry.hpp"

#include <vector>

#include "engine/base/log.hpp"

namespace sluice::campaign {

std::size_t expire_done(const std::string& done, std::chrono::seconds keep,
                        std::filesystem::file_time_type now) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> old;
  for (fs::directory_iterator at(done, error), end; !error && at != end; at.increment(error)) {
    if (old.size() == kRemovedAtOnce) break;
    const bool directory = at->symlink_status(error).type() == fs::file_type::directory;
    if (directory && now - fs::last_write_time(at->path(), error) > keep) old.push_back(at->path());
  }
  std::size_t removed = 0;
  for (const auto& directory : old) {
    fs::remove_all(directory, error);
    if (error) {
      log::warn("done_not_removed", {{"directory", directory.string()}, {"reason", error.message()}});
      continue;
    }
    log::info("done_removed", {{"directory", directory.string()}});
    ++removed;
  }
  return removed;
}

}  // namespace sluice::campaign
