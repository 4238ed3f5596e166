// What somebody wants changed, in one commit, and what came of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/suppression/audit.hpp"
#include "engine/suppression/subject.hpp"

namespace sluice::suppression {

struct Addition {
  Subject subject;
  Entry entry;  ///< check()ed
};

/// Which entries of a subject go; what is not set chooses nothing.
struct Removal {
  Subject subject{};
  std::optional<Scope> scope{};
  std::optional<Reason> reason{};
  std::string tenant{};
  std::string list_id{};
  std::string by{};
  std::string why{};
};

/// A temporary failure of an address, or a delivery that clears what came before.
struct SoftEvent {
  Subject subject;
  std::string tenant;
  std::int64_t time_ms = 0;
  bool delivered = false;
  bool by_mail = false;  ///< of a failure: the receiver had accepted the message, and returned it
};

struct Changes {
  std::vector<Addition> add;
  std::vector<Removal> remove;
  std::vector<SoftEvent> soft;
  std::vector<AuditLine> audit;         ///< as it stands
  std::optional<std::uint64_t> cursor;  ///< the feed has dealt with all events up to this
  bool by_hand = false;                 ///< additions have an audit line each
  bool import = false;                  ///< a pass over all waiting mail is owed, and the delta left alone
};

struct ChangeReport {
  std::uint64_t added = 0;    ///< entries
  std::uint64_t renewed = 0;  ///< were there, with another expiry, time or source
  std::uint64_t unchanged = 0;
  std::uint64_t removed = 0;
  std::uint64_t promoted = 0;         ///< addresses whose soft bounces became an entry; in `added`, too
  std::vector<std::string> subjects;  ///< additions that were refused, by a bound: their comparison keys
  std::string why;                    ///< of the first refusal
  bool full = false;                  ///< the delta's bound: nothing was changed, try again
};

}  // namespace sluice::suppression
