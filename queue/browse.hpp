// Looking at waiting records: by filter, a page at a time, in key order.
//
// Every page costs a bounded number of records looked at, found or not; a page that ends early says where to
// go on. What it sees is the database of that moment: records come and go between two pages, and one that is
// put off meanwhile can be met twice, or not at all.
//
// Threads: any; reads the database only. Not for workers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/store/database.hpp"
#include "queue/record.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

enum class Waiting : std::uint8_t {
  ready,     ///< goes as soon as everything lets it
  deferred,  ///< due later
  held,      ///< not to be sent until released
  leased,    ///< being attempted
};

[[nodiscard]] const char* name_of(Waiting state);
/// Nothing for another word.
[[nodiscard]] std::optional<Waiting> waiting_of(std::string_view name);

struct BrowseFilter {
  std::vector<StreamId> streams{};  ///< ascending; empty: all
  std::string domain{};             ///< lower-case A-labels; empty: all
  std::string local{};              ///< local part, in any case of its ASCII letters; empty: all
  std::optional<MessageId> id{};
  std::optional<Waiting> state{};
  /// Asked once a domain in a row; empty: all fit.
  std::function<bool(std::string_view domain)> domain_fits{};
};

struct BrowseOptions {
  std::size_t max_rows = 50;
  std::size_t max_looked = 50'000;   ///< records and jumps a page; about 50 ms
  std::size_t max_leases = 250'000;  ///< leased keys read; further ones show as ready
};

/// One record, with its own bytes.
struct Found {
  std::string key;  ///< as it stands in the store
  std::string value;
  StreamPtr stream;
  Waiting state = Waiting::ready;

  /// Views into key and value.
  [[nodiscard]] Record record() const { return {*RecordKey::decode(key), *RecordValue::decode(value)}; }
};

struct BrowsePage {
  std::vector<Found> rows;
  std::string next;  ///< where to go on; empty: that was all
  std::size_t looked = 0;
  std::size_t damaged = 0;  ///< records that do not decode, left out
};

class Browser {
 public:
  Browser(const store::Database& database, const StreamTable& streams, std::uint16_t node)
      : database_(database), streams_(streams), node_(node) {}

  /// Records that fit, from `from` on: empty, or what an earlier page gave as `next`. Fails with
  /// invalid_input for other bytes.
  [[nodiscard]] Expected<BrowsePage> page(const BrowseFilter& filter, std::string from, Instant now,
                                          const BrowseOptions& options = {}) const;

 private:
  struct Walk;

  [[nodiscard]] Expected<> load_leases(Walk& walk) const;
  [[nodiscard]] Expected<> leased_page(Walk& walk) const;
  [[nodiscard]] Expected<bool> walk_phase(Walk& walk, const StreamPtr& stream, Phase phase) const;
  [[nodiscard]] bool enough(const Walk& walk) const;
  bool skip(Walk& walk, store::Cursor& cursor, const RecordKey& key) const;
  void look(Walk& walk, const StreamPtr& stream, std::string_view key_bytes,
            std::string_view value_bytes) const;

  const store::Database& database_;
  const StreamTable& streams_;
  const std::uint16_t node_;
};

}  // namespace sluice::queue
