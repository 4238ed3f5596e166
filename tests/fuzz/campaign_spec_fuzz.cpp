// campaign.toml over arbitrary bytes: a spec, or problems that make a readable reason.txt.
#include <cstdint>
#include <string_view>

#include "engine/base/assert.hpp"
#include "engine/campaign/spec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::campaign;
  const auto spec = parse_spec({reinterpret_cast<const char*>(data), size}, "name");
  if (spec) {
    SLUICE_ASSERT(valid_id(spec->id));
    SLUICE_ASSERT(!spec->recipients.empty());
    return 0;
  }
  SLUICE_ASSERT(!spec.error().empty());
  const auto text = spec.error().reason_text("name");
  for (const char c : text) SLUICE_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
  return 0;
}
