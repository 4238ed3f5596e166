// For whom a message goes out, as far as suppression cares, and what a look-up found.
//
// Commercial mail is stopped by every entry of global scope, of its tenant, and of its tenant's list.
// Transactional mail (a receipt, a password) is stopped by global and tenant entries, but for those that only
// say "unsubscribed": who wants no newsletter still wants the receipt. List entries never stop it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "engine/suppression/entry.hpp"

namespace sluice::suppression {

struct Audience {
  std::string tenant = "default";
  std::string list_id;  ///< "": the mail belongs to no list
  bool transactional = false;

  [[nodiscard]] bool stopped_by(const EntryView& entry) const {
    if (transactional && (entry.reason == Reason::unsubscribed || entry.scope == Scope::list)) return false;
    if (entry.scope == Scope::global) return true;
    if (entry.tenant != tenant) return false;
    return entry.scope == Scope::tenant || (!list_id.empty() && entry.list_id == list_id);
  }
};

/// Why a recipient is skipped.
struct Verdict {
  Scope scope = Scope::global;
  Reason reason = Reason::manual;

  /// The event contract's `reason`: list, tenant, global or unsubscribed.
  [[nodiscard]] const char* event_reason() const {
    return reason == Reason::unsubscribed ? "unsubscribed" : name_of(scope);
  }
};

}  // namespace sluice::suppression
