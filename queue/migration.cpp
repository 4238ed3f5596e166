#include "queue/migration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "queue/families.hpp"
#include "queue/outbox.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kBatchBytes = 4u << 20;

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

/// 1 to 2: an outbox row was one event. What is a row of events already, a run that was cut off made so.
Expected<> rows_of_events(store::Database& database) {
  auto batch = database.make_batch();
  const auto outbox = database.cursor(kOutbox, std::string(), std::string(300, '\xff'));
  for (; outbox->valid(); outbox->next()) {
    if (outbox->key().size() != 8 || OutboxRow::decode(outbox->key(), outbox->value())) continue;
    batch.put(kOutbox, outbox->key(), OutboxRow::value(outbox->value()));
    if (batch.bytes() < kBatchBytes) continue;
    if (auto written = database.write_synced(batch); !written) return written;
    batch.clear();
  }
  if (auto status = outbox->status(); !status) return status;
  return database.write_synced(batch);
}

}  // namespace

std::span<const MigrationStep> migrations() {
  static constexpr std::array kSteps{MigrationStep{1, rows_of_events}};
  return kSteps;
}

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
