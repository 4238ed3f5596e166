// Opens files beneath a directory we do not trust: no link is followed, no name leads out, only regular
// files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/campaign/descriptor.hpp"

namespace sluice::campaign {

struct OpenFile {
  Descriptor file;
  std::uint64_t bytes = 0;
};

/// Says what is wrong with a relative name ("", absolute, "..", control bytes, longer than 255), or "".
[[nodiscard]] std::string why_not_beneath(std::string_view name);

/// The directory itself, not through a link. `parent` may be AT_FDCWD.
[[nodiscard]] Expected<Descriptor> open_directory(int parent, const std::string& name);

/// openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS; on kernels or sandboxes without it each component is
/// opened with O_NOFOLLOW. Opened non-blocking, so that a pipe cannot hold us, then refused unless a regular
/// file. invalid_input for a bad name, a link or a special file; not_found; limit when larger than `most`.
[[nodiscard]] Expected<OpenFile> open_beneath(int directory, const std::string& name, std::uint64_t most);

/// The fallback alone; for tests.
[[nodiscard]] Expected<Descriptor> open_by_components(int directory, std::string_view name);

}  // namespace sluice::campaign
