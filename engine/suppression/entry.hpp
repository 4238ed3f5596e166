// One reason why somebody gets no mail, and the row of all such reasons of one address or domain.
//
// A row answers every scope at once, so that a look-up is one probe of the store. Of one scope (and tenant,
// and list) and one reason a row holds one entry: adding it again renews it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"

namespace sluice::suppression {

/// Whose mail it stops.
enum class Scope : std::uint8_t {
  global = 0,  ///< everybody's
  tenant = 1,  ///< one tenant's
  list = 2,    ///< one tenant's mail of one list_id
};

/// Numbers are on disk.
enum class Reason : std::uint8_t {
  manual = 0,             ///< an operator said so
  imported = 1,           ///< from a file that names no reason of ours
  unsubscribed = 2,       ///< they asked for it: stops commercial mail only
  complaint = 3,          ///< they called it spam
  invalid_recipient = 4,  ///< no such mailbox
  invalid_domain = 5,     ///< no such domain; for a time
  inactive = 6,           ///< the mailbox is switched off
  soft_bounces = 7,       ///< temporary failures, again and again
};

[[nodiscard]] const char* name_of(Scope scope);
[[nodiscard]] const char* name_of(Reason reason);
[[nodiscard]] std::optional<Scope> scope_of(std::string_view name);
/// Our names, as they are. Nothing for others.
[[nodiscard]] std::optional<Reason> reason_of(std::string_view name);

inline constexpr std::size_t kMaxNameBytes = 255;  ///< of tenant, list_id, source and by, each

/// As it stands in a row: views into its bytes.
struct EntryView {
  Scope scope = Scope::global;
  Reason reason = Reason::manual;
  std::string_view tenant;   ///< "" with Scope::global
  std::string_view list_id;  ///< with Scope::list
  std::string_view source;   ///< where it came from: "operator", "bounce", a file's name
  std::string_view by;       ///< who did it
  std::int64_t time_ms = 0;
  std::int64_t expires_ms = 0;  ///< 0: never

  [[nodiscard]] bool in_force(Instant now) const { return expires_ms == 0 || expires_ms > to_ms(now); }
};

struct Entry {
  Scope scope = Scope::global;
  Reason reason = Reason::manual;
  std::string tenant{};
  std::string list_id{};
  std::string source{};
  std::string by{};
  std::int64_t time_ms = 0;
  std::int64_t expires_ms = 0;

  [[nodiscard]] EntryView view() const {
    return {scope, reason, tenant, list_id, source, by, time_ms, expires_ms};
  }
  [[nodiscard]] static Entry of(const EntryView& view);
  /// Same scope, tenant, list and reason.
  [[nodiscard]] bool same_as(const EntryView& other) const;
  /// invalid_input: a tenant or list that the scope needs is missing, or a name is too long.
  [[nodiscard]] Expected<> check() const;
};

/// Reads a row's bytes from first to last entry, without allocating.
class RowReader {
 public:
  explicit RowReader(std::string_view bytes);

  [[nodiscard]] bool ok() const { return ok_; }
  /// The comparison key: "ann@example.test", "@example.test"; "" after an erasure.
  [[nodiscard]] std::string_view subject() const { return subject_; }
  /// Nothing behind the last entry, or for damaged bytes (then ok() is false).
  [[nodiscard]] std::optional<EntryView> next();

 private:
  std::string_view rest_;
  std::string_view subject_;
  bool ok_ = true;
};

struct Row {
  std::string subject;
  std::vector<Entry> entries;

  void append_to(std::string& out) const;
  /// corrupt: the bytes do not decode.
  [[nodiscard]] static Expected<Row> decode(std::string_view bytes);
};

}  // namespace sluice::suppression
