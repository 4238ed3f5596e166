#include "engine/campaign/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "engine/base/assert.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kPackedBuffer = 128 << 10;

std::unexpected<Error> too_large(std::uint64_t cap) {
  return fail(ErrorCode::limit, fmt::format("unpacks to more than the allowed {} bytes", cap));
}

class PlainSource final : public ByteSource {
 public:
  PlainSource(Descriptor file, const ListLimits& limits)
      : file_(std::move(file)), left_(limits.unpacked_bytes), cap_(limits.unpacked_bytes) {
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  Expected<std::size_t> read(std::span<char> into) override {
    auto got = read_some(file_.get(), into);
    if (!got) return got;
    if (*got > left_) return too_large(cap_);
    left_ -= *got;
    return got;
  }

 private:
  Descriptor file_;
  std::uint64_t left_;
  std::uint64_t cap_;
};

/// What gzip and zstd share: the packed buffer, the caps, and the error kept until what came before it is
/// delivered.
class PackedSource : public ByteSource {
 public:
  PackedSource(Descriptor file, const ListLimits& limits)
      : file_(std::move(file)), limits_(limits), packed_(kPackedBuffer) {}

  Expected<std::size_t> read(std::span<char> into) override {
    if (error_) return std::unexpected(*error_);
    std::size_t filled = 0;
    while (filled < into.size() && !done_) {
      auto got = step(into.subspan(filled));
      if (!got) {
        error_ = got.error();
        if (filled == 0) return got;
        break;
      }
      filled += *got;
      unpacked_ += *got;
      if (auto bomb = check_caps(); !bomb) {
        error_ = bomb.error();
        return std::unexpected(*error_);
      }
    }
    return filled;
  }

 protected:
  /// Unpacks some bytes into `into`, perhaps none; sets done_ at the end.
  virtual Expected<std::size_t> step(std::span<char> into) = 0;

  /// Reads more when everything read has been used; false at the end of the file.
  Expected<bool> have_input() {
    if (used_ < size_) return true;
    auto got = read_some(file_.get(), packed_);
    if (!got) return std::unexpected(got.error());
    used_ = 0;
    size_ = *got;
    packed_total_ += size_;
    return size_ > 0;
  }

  Expected<> check_caps() {
    if (unpacked_ > limits_.unpacked_bytes) return too_large(limits_.unpacked_bytes);
    // What waits in the buffer is counted as used: the error is at most one buffer, in the archive's favour.
    if (unpacked_ > limits_.free_unpacked_bytes && unpacked_ / limits_.ratio > packed_total_) {
      return fail(ErrorCode::limit,
                  fmt::format("unpacks to more than {} times its size; a list compressed that well "
                              "must be given less compressed",
                              limits_.ratio));
    }
    return {};
  }

  Descriptor file_;
  ListLimits limits_;
  std::vector<char> packed_;
  std::size_t used_ = 0;
  std::size_t size_ = 0;
  std::uint64_t packed_total_ = 0;
  std::uint64_t unpacked_ = 0;
  bool done_ = false;
  std::optional<Error> error_;
};

class GzipSource final : public PackedSource {
 public:
  GzipSource(Descriptor file, const ListLimits& limits) : PackedSource(std::move(file), limits) {
    constexpr int kGzipOnly = 16;
    const int made = ::inflateInit2(&stream_, MAX_WBITS + kGzipOnly);
    SLUICE_ASSERT(made == Z_OK);  // fails only without memory
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }

 private:
  Expected<std::size_t> step(std::span<char> into) override {
    auto more = have_input();
    if (!more) return std::unexpected(more.error());
    if (!*more) {
      if (between_members_ && packed_total_ > 0) {
        done_ = true;
        return 0;
      }
      return fail(ErrorCode::corrupt, "the gzip file is truncated");
    }
    if (between_members_ && packed_total_ > size_ - used_ && packed_[used_] == '\0') {
      ++used_;  // padding after the last member, as tapes and block copies leave it
      return 0;
    }
    between_members_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data() + used_);
    stream_.avail_in = static_cast<uInt>(size_ - used_);
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    const auto room = static_cast<uInt>(std::min<std::size_t>(into.size(), 1u << 30));
    stream_.avail_out = room;
    const int answer = ::inflate(&stream_, Z_NO_FLUSH);
    used_ = size_ - stream_.avail_in;
    const std::size_t produced = room - stream_.avail_out;
    if (answer == Z_STREAM_END) {
      ::inflateReset(&stream_);
      between_members_ = true;
    } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
      const char* what = stream_.msg != nullptr ? stream_.msg : "no gzip data";
      return fail(ErrorCode::corrupt, fmt::format("the gzip file is damaged near packed byte {}: {}",
                                                  packed_total_ - stream_.avail_in, what));
    }
    return produced;
  }

  z_stream stream_{};
  bool between_members_ = true;
};

class ZstdSource final : public PackedSource {
 public:
  ZstdSource(Descriptor file, const ListLimits& limits)
      : PackedSource(std::move(file), limits), stream_(ZSTD_createDStream()) {
    SLUICE_ASSERT(stream_ != nullptr);  // fails only without memory
    constexpr int kWindowLogMax = 27;   // zstd's own default bound, said here because it bounds our memory
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kWindowLogMax);
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }

 private:
  Expected<std::size_t> step(std::span<char> into) override {
    auto more = have_input();
    if (!more) return std::unexpected(more.error());
    if (!*more && between_frames_ && packed_total_ > 0) {
      done_ = true;
      return 0;
    }
    ZSTD_inBuffer in{packed_.data(), size_, used_};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    const std::size_t answer = ZSTD_decompressStream(stream_, &out, &in);
    used_ = in.pos;
    if (ZSTD_isError(answer) != 0) {
      return fail(ErrorCode::corrupt,
                  fmt::format("the zstd file is damaged near packed byte {}: {}",
                              packed_total_ - (size_ - used_), ZSTD_getErrorName(answer)));
    }
    // At the end of the input the decoder may still hold output of an unfinished frame; only when it gives
    // none is the file truncated.
    if (!*more && out.pos == 0) return fail(ErrorCode::corrupt, "the zstd file is truncated");
    between_frames_ = answer == 0;
    return out.pos;
  }

  ZSTD_DStream* stream_;
  bool between_frames_ = true;
};

}  // namespace

std::optional<ListKind> list_kind(std::string_view file_name) {
  ListKind kind;
  if (file_name.ends_with(".gz")) {
    kind.packing = Packing::gzip;
    file_name.remove_suffix(3);
  } else if (file_name.ends_with(".zst")) {
    kind.packing = Packing::zstd;
    file_name.remove_suffix(4);
  }
  if (file_name.ends_with(".jsonl")) {
    kind.format = ListFormat::jsonl;
    return kind;
  }
  if (file_name.ends_with(".csv")) return kind;
  return std::nullopt;
}

std::unique_ptr<ByteSource> make_source(Descriptor file, Packing packing, const ListLimits& limits) {
  switch (packing) {
    case Packing::gzip:
      return std::make_unique<GzipSource>(std::move(file), limits);
    case Packing::zstd:
      return std::make_unique<ZstdSource>(std::move(file), limits);
    case Packing::plain:
      break;
  }
  return std::make_unique<PlainSource>(std::move(file), limits);
}

}  // namespace sluice::campaign
