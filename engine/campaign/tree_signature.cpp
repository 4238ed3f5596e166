#include "engine/campaign/tree_signature.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "engine/base/bytes.hpp"

namespace sluice::campaign {
namespace {

constexpr HashKey kKey{0x736c756963650002, 0x7472656500000002};

class Walk {
 public:
  explicit Walk(std::size_t most_entries) : left_(most_entries) {}

  void visit(int parent, const std::string& name, std::size_t depth) {
    if (left_ == 0) return;
    --left_;
    struct stat status{};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    std::string facts;
    put_string(facts, name);
    put_varint(facts, depth);
    put_be<8>(facts, status.st_ino);
    put_be<8>(facts, status.st_mode);
    put_be<8>(facts, static_cast<std::uint64_t>(status.st_size));
    for (const auto& time : {status.st_mtim, status.st_ctim}) {
      put_be<8>(facts, static_cast<std::uint64_t>(time.tv_sec));
      put_be<8>(facts, static_cast<std::uint64_t>(time.tv_nsec));
    }
    const auto hash = siphash128(kKey, facts);
    sum_.low += hash.low;  // a sum: readdir's order is not ours to rely on
    sum_.high += hash.high;
    if (S_ISDIR(status.st_mode) && depth > 0) children(parent, name, depth - 1);
  }

  [[nodiscard]] Hash128 sum() const { return sum_; }

 private:
  void children(int parent, const std::string& name, std::size_t depth) {
    const int opened = ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR* directory = opened < 0 ? nullptr : ::fdopendir(opened);
    if (directory == nullptr) return;
    while (const dirent* entry = left_ == 0 ? nullptr : ::readdir(directory)) {
      const std::string child = entry->d_name;
      if (child != "." && child != "..") visit(opened, child, depth);
    }
    ::closedir(directory);
  }

  std::size_t left_;
  Hash128 sum_;
};

}  // namespace

Hash128 tree_signature(int parent, const std::string& name, std::size_t most_entries,
                       std::size_t most_depth) {
  Walk walk(most_entries);
  walk.visit(parent, name, most_depth);
  return walk.sum();
}

}  // namespace sluice::campaign
