#include "queue/repair.hpp"

#include <fmt/format.h>

#include "engine/base/log.hpp"
#include "engine/store/folder_lock.hpp"
#include "engine/store/repair_files.hpp"
#include "queue/families.hpp"
#include "queue/migration.hpp"
#include "queue/row_repair.hpp"

namespace sluice::queue {
namespace {

struct Condition {
  std::string damage;      ///< what does not read; empty: every file does
  std::uint64_t lost = 0;  ///< acknowledged changes that are not there
};

Expected<Condition> look(const store::Options& options) {
  Condition out;
  const auto lock = store::FolderLock::take(options.path);
  if (!lock) return std::unexpected(lock.error());
  const auto mark = store::Acknowledged::read(store::Acknowledged::path_of(options.path));
  if (!mark) return std::unexpected(mark.error());
  auto opened = store::Database::open_read_only(options, family_names());
  if (!opened) {
    if (opened.error().code != ErrorCode::corrupt) return std::unexpected(opened.error());
    out.damage = opened.error().text;
    return out;
  }
  if (auto verified = (*opened)->verify(); !verified) out.damage = verified.error().text;
  const auto reached = (*opened)->sequence();
  if (*mark && reached < (*mark)->sequence) out.lost = (*mark)->sequence - reached;
  return out;
}

Expected<> mend_files(const store::Options& options, Instant now, RepairReport& report) {
  const auto aside = fmt::format("{}.aside-{}", options.path, to_ms(now));
  auto files = store::repair_files(options, family_names(), aside);
  if (!files) return std::unexpected(files.error());
  report.aside = files->aside;
  std::string names;
  for (const auto& name : files->lost) names += (names.empty() ? "" : ", ") + name;
  report.add("damaged tables lost", files->lost.size(), names);
  return {};
}

}  // namespace

void RepairReport::add(std::string what, std::uint64_t count, std::string detail) {
  log::warn("store_repaired", {{"what", what}, {"count", count}, {"detail", detail}});
  steps.push_back({std::move(what), count, std::move(detail)});
}

Expected<RepairReport> repair_store(const store::Options& options, const DataFolders& folders,
                                    const RepairOptions& wanted, Instant now) {
  const auto found = look(options);
  if (!found) return std::unexpected(found.error());
  const bool suspicious = !found->damage.empty() || found->lost > 0;
  if (suspicious && !wanted.accept_loss) {
    const auto what = found->damage.empty() ? fmt::format("{} acknowledged changes are missing", found->lost)
                                            : "files are damaged: " + found->damage;
    return fail(ErrorCode::corrupt,
                fmt::format("{}: {}. Nothing was changed. To go on without what they held: `sluice "
                            "store repair --accept-loss`",
                            options.path, what));
  }
  RepairReport out;
  if (found->lost > 0) out.add("acknowledged changes lost", found->lost);
  if (!found->damage.empty()) {
    if (auto mended = mend_files(options, now, out); !mended) return std::unexpected(mended.error());
  }
  auto opening = options;
  opening.accept_loss = wanted.accept_loss;
  auto database = store::Database::open(opening, family_names());
  if (!database) return std::unexpected(database.error());
  if (auto ours = bring_to_format(**database, options.path, kFormat, migrations()); !ours)
    return std::unexpected(ours.error());
  RowRepair rows(**database, folders, suspicious, now);
  if (auto done = rows.run(out); !done) return std::unexpected(done.error());
  return out;
}

}  // namespace sluice::queue
