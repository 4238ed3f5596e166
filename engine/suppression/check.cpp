#include "engine/suppression/check.hpp"

#include <fmt/format.h>

#include "engine/suppression/lookup.hpp"
#include "engine/suppression/rows.hpp"
#include "queue/families.hpp"

namespace sluice::suppression {
namespace {

struct Tally {
  Counts counts;
  std::uint64_t damaged = 0;
};

/// Counts all rows; `blame` hears of each wrong one.
template <class Blame>
Expected<Tally> count_rows(const store::Database& database, const Lookup& lookup, Blame blame) {
  Tally out;
  const auto cursor = database.cursor(queue::kSuppressed, std::string(), std::string(17, '\xff'));
  for (; cursor->valid(); cursor->next()) {
    ++out.counts.subjects;
    RowReader reader(cursor->value());
    std::uint64_t entries = 0;
    while (reader.next()) ++entries;
    out.counts.entries += entries;
    const bool erased = reader.subject().empty();
    const bool placed =
        cursor->key().size() == 16 && (erased || hash_bytes(lookup.hash(reader.subject())) == cursor->key());
    if (reader.ok() && placed && entries > 0) continue;
    ++out.damaged;
    blame("the row under " + queue::hex(cursor->key()) +
          (reader.ok() ? " is not where its address belongs, or has no entry" : " does not decode"));
  }
  if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  const auto soft = database.cursor(queue::kSuppression, "s", behind('s'));
  for (; soft->valid(); soft->next()) ++out.counts.soft_rows;
  if (auto status = soft->status(); !status) return std::unexpected(status.error());
  return out;
}

bool same(const Counts& a, const Counts& b) {
  return a.subjects == b.subjects && a.entries == b.entries && a.soft_rows == b.soft_rows;
}

}  // namespace

void check_rows(const store::Database& database, queue::CheckReport& report) {
  auto& out = report.rows.emplace_back(queue::CheckRow{"suppressions", 0, 0, {}});
  const auto lookup = Lookup::open(database);
  if (!lookup && lookup.error().code == ErrorCode::not_found) {
    const auto any = database.cursor(queue::kSuppressed, std::string(), std::string(17, '\xff'));
    if (any->valid()) out.blame("there are rows, but their hash key is lost: none of them is found");
    return;
  }
  if (!lookup) return out.blame(lookup.error().text);
  const auto tally = count_rows(database, *lookup, [&](const std::string& text) { out.blame(text); });
  if (!tally) return out.blame("not readable to the end: " + tally.error().text);
  out.found = tally->counts.subjects;
  const auto counts = lookup->counts();
  if (!counts) return out.blame(counts.error().text);
  if (!same(*counts, tally->counts) && tally->damaged == 0)
    out.blame(fmt::format("the accounts say {} subjects and {} entries, there are {} and {}",
                          counts->subjects, counts->entries, tally->counts.subjects, tally->counts.entries));
}

Expected<> repair_rows(store::Database& database, bool suspicious, queue::RepairReport& report) {
  const auto lookup = Lookup::open(database);
  if (!lookup)
    return lookup.error().code == ErrorCode::not_found ? Expected<>() : std::unexpected(lookup.error());
  const auto tally = count_rows(database, *lookup, [](const std::string&) {});
  if (!tally) return std::unexpected(tally.error());
  const auto counts = lookup->counts();
  if (!counts) return std::unexpected(counts.error());
  const bool wrong = !same(*counts, tally->counts);
  if (tally->damaged > 0)
    report.add("suppression rows left as they are", tally->damaged,
               "they stop all mail to their addresses until `suppress remove`");
  if (!wrong && !suspicious) return {};
  auto batch = database.make_batch();
  std::string bytes;
  tally->counts.append_to(bytes);
  batch.put(queue::kSuppression, kCountRow, bytes);
  batch.put(queue::kSuppression, kOwedRow, "");
  const auto epoch = database.get(queue::kSuppression, kEpochRow);
  if (!epoch) return std::unexpected(epoch.error());
  const auto before = *epoch && (*epoch)->size() == 8 ? get_be<8>((*epoch)->data()) : 0;
  batch.put(queue::kSuppression, kEpochRow, number_bytes(before + 1));
  if (wrong) report.add("suppressions counted", tally->counts.subjects);
  return database.write_synced(batch);
}

}  // namespace sluice::suppression
