#include "engine/inbound/drop_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "engine/base/log.hpp"
#include "engine/store/folder.hpp"

namespace sluice::inbound {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSeen = ":2,S";
constexpr const char* kFlagged = ":2,F";

std::unexpected<Error> system_error(const std::string& path) {
  return fail(ErrorCode::io, path + ": " + std::strerror(errno));
}

}  // namespace

Expected<DropFolder> DropFolder::open(const Options& options, const Intake& intake, Meter& meter) {
  for (const auto* name : {"/new", "/cur", "/tmp"}) {
    if (auto made = store::make_folder(options.maildir + name); !made) return std::unexpected(made.error());
  }
  return DropFolder(options, intake, meter);
}

net::Task<Expected<bool>> DropFolder::look() {
  std::vector<std::string> names;
  std::error_code error;
  const auto folder = options_.maildir + "/new";
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    auto name = at->path().filename().string();
    if (!name.starts_with('.')) names.push_back(std::move(name));
    if (names.size() >= options_.maildir_at_once) break;
  }
  if (error) co_return fail(ErrorCode::io, "reading " + folder + ": " + error.message());
  std::ranges::sort(names);
  for (const auto& name : names) {
    const auto content = read(name);
    if (!content) {
      log::warn("maildir_message_unreadable", {{"file", name}, {"reason", content.error().text}});
      meter_.count("refused");
    } else {
      const auto taken = co_await intake_.take_file(*content);
      if (!taken) co_return std::unexpected(taken.error());
      for (const auto& one : *taken) meter_.count(one.what);
    }
    if (auto moved = put_aside(name, content ? kSeen : kFlagged); !moved)
      co_return std::unexpected(moved.error());
  }
  if (!names.empty()) {
    if (auto synced = store::sync_folder(options_.maildir + "/cur"); !synced)
      co_return std::unexpected(synced.error());
  }
  co_return names.size() >= options_.maildir_at_once;
}

/// At most max_message_bytes of it: what matters of a report stands before what it quotes.
Expected<std::string> DropFolder::read(const std::string& name) const {
  const auto path = options_.maildir + "/new/" + name;
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return system_error(path);
  struct ::stat facts{};
  std::string out;
  bool good = ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
  if (good) out.resize(std::min(static_cast<std::size_t>(facts.st_size), options_.server.max_message_bytes));
  std::size_t have = 0;
  while (good && have < out.size()) {
    const auto got = ::pread(fd, out.data() + have, out.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    good = got >= 0;
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  out.resize(have);
  ::close(fd);
  if (!good) return fail(ErrorCode::io, path + " is no file that can be read");
  return out;
}

Expected<> DropFolder::put_aside(const std::string& name, const char* flag) const {
  constexpr int kNames = 100;  // beyond them the folder is no maildir
  const auto from = options_.maildir + "/new/" + name;
  const auto to = options_.maildir + "/cur/" + name.substr(0, name.find(":2,"));
  for (int again = 0; again < kNames; ++again) {
    const auto target = to + (again == 0 ? std::string() : "_" + std::to_string(again)) + flag;
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno != EEXIST) return system_error(from);
  }
  return fail(ErrorCode::conflict, to + " exists too often");
}

}  // namespace sluice::inbound
