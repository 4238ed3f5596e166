#include "engine/suppression/filter_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "engine/base/bytes.hpp"
#include "engine/store/checksum.hpp"
#include "engine/store/folder.hpp"

namespace sluice::suppression {
namespace {

constexpr std::string_view kMagic = "sluiceF1";
constexpr std::size_t kPart = 1u << 20;  ///< bytes written or read at once

std::uint64_t check_of(const HashKey& key) { return siphash128(key, "suppression filter").low; }

std::unexpected<Error> os_failed(const std::string& path) {
  return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, path + ": " + std::strerror(errno));
}

/// A descriptor whose bytes are summed as they pass.
class File {
 public:
  File(const std::string& path, int flags)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] bool open() const { return fd_ >= 0; }
  Expected<> write(std::string_view bytes) {
    crc_.add(bytes);
    while (!bytes.empty()) {
      const auto n = ::write(fd_, bytes.data(), std::min(bytes.size(), kPart));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return os_failed(path_);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }
  Expected<> read(std::span<char> into) {
    const auto all = into;
    while (!into.empty()) {
      const auto n = ::read(fd_, into.data(), std::min(into.size(), kPart));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return os_failed(path_);
      if (n == 0) return fail(ErrorCode::corrupt, path_ + " is cut short");
      into = into.subspan(static_cast<std::size_t>(n));
    }
    crc_.add({all.data(), all.size()});
    return {};
  }
  Expected<> sync() { return ::fsync(fd_) == 0 ? Expected<>() : os_failed(path_); }
  [[nodiscard]] std::uint32_t crc() const { return crc_.value(); }

 private:
  const std::string path_;
  const int fd_;
  store::Crc32c crc_;
};

}  // namespace

Expected<> write_filter(const std::string& path, const HashKey& key, const Filter& filter, std::uint64_t log,
                        std::uint64_t epoch) {
  const auto fresh = path + ".new";
  {
    File file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.open()) return os_failed(fresh);
    const auto layers = filter.layers();
    std::string head(kMagic);
    for (const auto value : {check_of(key), log, epoch, static_cast<std::uint64_t>(layers)})
      put_be<8>(head, value);
    auto done = file.write(head);
    std::string part;
    for (std::size_t i = 0; i < layers && done; ++i) {
      const auto& layer = filter.layer(i);
      std::string size;
      put_be<8>(size, layer.blocks);
      put_be<8>(size, layer.inserted.load());
      done = file.write(size);
      // Copied first: the sum is of bytes that others may be changing.
      for (std::size_t at = 0; at < layer.memory.size() && done; at += kPart) {
        part.clear();
        layer.copy(at, std::min(kPart, layer.memory.size() - at), part);
        done = file.write(part);
      }
    }
    std::string sum;
    put_be<4>(sum, file.crc());
    if (done) done = file.write(sum);
    if (done) done = file.sync();
    if (!done) return done;
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) return fail(ErrorCode::io, "renaming " + fresh + ": " + error.message());
  return store::sync_folder(std::filesystem::path(path).parent_path().string());
}

Expected<KeptFilter> read_filter(const std::string& path, const HashKey& key) {
  File file(path, O_RDONLY);
  if (!file.open()) return os_failed(path);
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::string head(kMagic.size() + 32, '\0');
  if (auto read = file.read(head); !read) return std::unexpected(read.error());
  const auto number = [&](std::size_t i) { return get_be<8>(head.data() + kMagic.size() + 8 * i); };
  if (!head.starts_with(kMagic) || number(0) != check_of(key))
    return fail(ErrorCode::corrupt, path + " is no filter of this store");
  KeptFilter out{std::make_unique<Filter>(), number(1), number(2)};
  const auto layers = number(3);
  if (layers == 0 || layers > Filter::kMaxLayers) return fail(ErrorCode::corrupt, path + " is damaged");
  for (std::uint64_t i = 0; i < layers; ++i) {
    std::string sizes(16, '\0');
    if (auto read = file.read(sizes); !read) return std::unexpected(read.error());
    const auto blocks = get_be<8>(sizes.data());
    if (blocks == 0 || blocks > size / Filter::kBlockBytes)
      return fail(ErrorCode::corrupt, path + " is damaged");
    auto layer = std::make_unique<Filter::Layer>(blocks * Filter::kSubjectsABlock);
    layer->inserted = get_be<8>(sizes.data() + 8);
    if (auto read = file.read(layer->bytes()); !read) return std::unexpected(read.error());
    out.filter->add_layer(std::move(layer));
  }
  const auto sum = file.crc();
  std::string kept(4, '\0');
  if (auto read = file.read(kept); !read) return std::unexpected(read.error());
  if (get_be<4>(kept.data()) != sum) return fail(ErrorCode::corrupt, path + " is damaged");
  return out;
}

}  // namespace sluice::suppression
