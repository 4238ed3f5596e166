// The accepted list's own place in data_dir, so that nobody's clean-up takes it away before it is expanded,
// and a fingerprint, so that a list changed meanwhile holds the campaign instead of mailing other people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/base/siphash.hpp"
#include "engine/campaign/descriptor.hpp"

namespace sluice::campaign {

/// Size, time of change, and a hash of samples: head and tail of 64 KiB and 64 blocks of 4 KiB between them.
/// Finds what edits, truncates, appends or replaces a list. It does not resist somebody who changes bytes
/// between the samples and sets the clock back; who can do that owns the list anyway.
struct ListFingerprint {
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  Hash128 samples;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static Expected<ListFingerprint> decode(std::string_view bytes);
  friend bool operator==(const ListFingerprint&, const ListFingerprint&) = default;
};

/// Does not move the descriptor's offset.
[[nodiscard]] Expected<ListFingerprint> fingerprint(int file);

enum class KeptBy : std::uint8_t { clone, copy, link };

struct KeptList {
  KeptBy how = KeptBy::copy;
  ListFingerprint fingerprint;  ///< of the kept file
};

struct KeepOptions {
  /// Lists up to this size are copied; larger ones share the file by a hard link where they can, and are then
  /// only guarded by the fingerprint.
  std::uint64_t copy_bytes = 64 << 20;
};

/// Puts the list under `name` into `directory`, replacing what is there, synced with its directory entry. A
/// clone of the blocks is tried first (copy on write), then copy or link by size, then copy.
[[nodiscard]] Expected<KeptList> keep_list(int file, int directory, const std::string& name,
                                           const KeepOptions& options = {});

/// Opens a kept list and compares. conflict: it changed since, saying how; not_found.
[[nodiscard]] Expected<Descriptor> open_kept(int directory, const std::string& name,
                                             const ListFingerprint& expected);

}  // namespace sluice::campaign
