// The suppression rows of a store as they stand on disk, for reading: by the running service and by verbs
// that look into a store nobody has open. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/database.hpp"
#include "engine/suppression/audience.hpp"
#include "engine/suppression/audit.hpp"
#include "engine/suppression/subject.hpp"

namespace sluice::suppression {

struct Counts {
  std::uint64_t subjects = 0;
  std::uint64_t entries = 0;
  std::uint64_t soft_rows = 0;

  void append_to(std::string& out) const;
  [[nodiscard]] static Counts decode(std::string_view bytes);
};

/// Which entries a list shows; empty fields choose nothing.
struct Wanted {
  std::optional<Scope> scope{};
  std::optional<Reason> reason{};
  std::string tenant{};
  std::string list_id{};
  std::string domain{};    ///< lower-case A-labels
  std::string contains{};  ///< lower case; anywhere in the comparison key

  [[nodiscard]] bool takes_subject(std::string_view subject) const;
  [[nodiscard]] bool takes(const EntryView& entry) const;
};

struct Listed {
  std::string hash;  ///< the row's key
  Row row;           ///< with the entries that are wanted
};

struct ListPage {
  std::vector<Listed> rows;
  std::string next;  ///< where to go on; "": that was all
};

class Lookup {
 public:
  /// not_found: nothing was ever suppressed in this store.
  [[nodiscard]] static Expected<Lookup> open(const store::Database& database);
  Lookup(const store::Database& database, const HashKey& key) : database_(&database), key_(key) {}

  [[nodiscard]] const HashKey& key() const { return key_; }
  [[nodiscard]] Hash128 hash(std::string_view comparison_key) const {
    return siphash128(key_, comparison_key);
  }
  [[nodiscard]] Expected<std::optional<Row>> row(const Subject& subject) const;
  /// The first entry of the row that stops mail to the audience. A row that does not decode stops all mail.
  [[nodiscard]] Expected<std::optional<Verdict>> stopped(const Hash128& subject, const Audience& audience,
                                                         Instant now) const;
  /// Rows behind `after` in the order of their hashes: up to `rows` that are wanted, among up to `looked_at`.
  [[nodiscard]] Expected<ListPage> page(const Wanted& wanted, std::string_view after, std::size_t rows,
                                        std::size_t looked_at) const;
  /// Newest first, below `before` (0: from the newest on).
  [[nodiscard]] Expected<std::vector<std::pair<std::uint64_t, AuditLine>>> audit(std::uint64_t before,
                                                                                 std::size_t lines) const;
  [[nodiscard]] Expected<Counts> counts() const;

 private:
  const store::Database* database_;
  HashKey key_;
};

}  // namespace sluice::suppression
