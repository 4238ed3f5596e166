// The bytes of a recipient list as one stream, unpacked on the way. Caps stop archives made to burst.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/campaign/descriptor.hpp"
#include "engine/campaign/limits.hpp"

namespace sluice::campaign {

enum class ListFormat : std::uint8_t { csv, jsonl };
enum class Packing : std::uint8_t { plain, gzip, zstd };

struct ListKind {
  ListFormat format = ListFormat::csv;
  Packing packing = Packing::plain;
  friend bool operator==(const ListKind&, const ListKind&) = default;
};

/// By the file's name: .csv or .jsonl, then nothing, .gz or .zst; nothing for any other.
[[nodiscard]] std::optional<ListKind> list_kind(std::string_view file_name);

/// One thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills `into`; fewer bytes mean the end, or an error that the next call reports: what could be unpacked
  /// before the damage is always delivered. After an error every call reports it again. corrupt: truncated or
  /// damaged archive; limit: unpacked_bytes or ratio; io.
  [[nodiscard]] virtual Expected<std::size_t> read(std::span<char> into) = 0;
};

/// Starts at the descriptor's offset, which must be 0. gzip may have several members and zero bytes after the
/// last (RFC 1952 §2.2); zstd several frames, with windows up to 128 MiB.
[[nodiscard]] std::unique_ptr<ByteSource> make_source(Descriptor file, Packing packing,
                                                      const ListLimits& limits);

}  // namespace sluice::campaign
