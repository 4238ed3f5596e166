#include "queue/migration.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

Expected<> stamp(store::Database& database, std::uint32_t format) {
  auto batch = database.make_batch();
  std::string value;
  put_be<4>(value, format);
  batch.put(kMeta, kFormatKey, value);
  return database.write_synced(batch);
}

const MigrationStep* step_from(std::span<const MigrationStep> steps, std::uint32_t format) {
  const auto found = std::ranges::find(steps, format, &MigrationStep::from);
  return found == steps.end() ? nullptr : &*found;
}

}  // namespace

std::span<const MigrationStep> migrations() { return {}; }

Expected<std::optional<std::uint32_t>> read_format(const store::Database& database) {
  auto value = database.get(kMeta, kFormatKey);
  if (!value) return std::unexpected(value.error());
  if (!*value) return std::nullopt;
  if ((*value)->size() != 4) return fail(ErrorCode::corrupt, "the store's format number does not decode");
  return static_cast<std::uint32_t>(get_be<4>((*value)->data()));
}

Expected<> bring_to_format(store::Database& database, const std::string& path, std::uint32_t wanted,
                           std::span<const MigrationStep> steps) {
  const auto found = read_format(database);
  if (!found) return std::unexpected(found.error());
  if (!*found) return stamp(database, wanted);
  auto format = **found;
  for (auto at = format; at < wanted; ++at) {
    if (step_from(steps, at) == nullptr) format = 0;  // no way leads from there to here
  }
  if (format == 0 || format > wanted) {
    return fail(ErrorCode::conflict, fmt::format("the store {} has format {}; this sluice reads format {}",
                                                 path, **found, wanted));
  }
  for (; format < wanted; ++format) {
    log::warn("store_migrated", {{"path", path}, {"from", format}, {"to", format + 1}});
    if (auto done = step_from(steps, format)->run(database); !done) return done;
    if (auto done = stamp(database, format + 1); !done) return done;
  }
  return {};
}

}  // namespace sluice::queue
