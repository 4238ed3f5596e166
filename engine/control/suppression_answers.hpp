// What is told about suppressions, as JSON (API.md): by the running service, and by the command line when
// none runs.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>

#include "engine/suppression/import_row.hpp"
#include "engine/suppression/lookup.hpp"

namespace sluice::control {

inline constexpr std::size_t kMaxSuppressionsListed = 5000;   ///< subjects in one answer
inline constexpr std::size_t kSuppressionsLookedAt = 50'000;  ///< rows read for one answer
inline constexpr std::size_t kBadRowsTold = 1000;             ///< of one step of an import

/// Words as they came: of a query, or of a JSON body's text members. Unknown ones are invalid_input.
using SuppressionWords = std::map<std::string, std::string, std::less<>>;

/// {"suppressions":[{"subject","entries":[…]}],"next"}; a page may be empty and still have a `next`.
[[nodiscard]] Expected<boost::json::object> suppression_list(const suppression::Lookup& lookup,
                                                             const SuppressionWords& words);
/// {"subject","entries":[…],"domain_entries":[…],"stopped":null|"tenant"…} for `address`, `tenant`,
/// `list`, `transactional`.
[[nodiscard]] Expected<boost::json::object> suppression_check(const suppression::Lookup& lookup,
                                                              const SuppressionWords& words, Instant now);
/// {"lines":[…],"next"}, newest first; `next` is the `before` to go on with, 0 at the end.
[[nodiscard]] Expected<boost::json::object> suppression_audit(const suppression::Lookup& lookup,
                                                              const SuppressionWords& words);

/// `scope`, `tenant`, `list`, `reason`, `expires`, `source`, `by` as an entry of now; check()ed. Without a
/// scope: list with a list, tenant with a tenant, else global.
[[nodiscard]] Expected<suppression::Entry> entry_of(const SuppressionWords& words, Instant now);
/// `address`, `scope`, `tenant`, `list`, `reason`, `by`, `why`.
[[nodiscard]] Expected<suppression::Removal> removal_of(const SuppressionWords& words);

/// {"added","renewed","unchanged","removed","refused","why"}.
[[nodiscard]] boost::json::object change_answer(const suppression::ChangeReport& report);
/// change_answer and {"rows","blank","bad_rows","bad":[{"line","reason","text"}]}: of the first kBadRowsTold.
[[nodiscard]] boost::json::object import_answer(const suppression::ChangeReport& report,
                                                const suppression::ImportPart& part);

}  // namespace sluice::control
