// Limits of suppression.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/suppression/entry.hpp"
#include "engine/suppression/soft_bounces.hpp"

namespace sluice::suppression {

struct Options {
  std::string filter_file{};                 ///< the filter over a restart; "": built anew each time
  std::uint64_t max_subjects = 200'000'000;  ///< beyond it new ones are refused; a byte of memory each
  std::uint64_t filter_room = 1u << 20;      ///< subjects a new filter has room for, at least; a byte each
  std::size_t max_entries_a_subject = 64;    ///< beyond it new ones are refused
  std::size_t max_delta = 500'000;  ///< additions no pass has dealt with; see delta.hpp. 32 bytes each, twice
  std::uint64_t max_audit = 1'000'000;  ///< lines; the oldest goes
  std::uint64_t max_soft_rows =
      5'000'000;  ///< addresses with soft bounces; beyond it new ones are not counted
  SoftRule soft{};

  bool automatic = true;               ///< hard and promoted soft bounces become entries
  Scope bounce_scope = Scope::tenant;  ///< of those entries; never list
  std::vector<std::string> address_classes{"invalid-recipient", "inactive"};  ///< of final bounces
  std::vector<std::string> domain_classes{"invalid-domain"};
  std::vector<std::string> soft_classes{"mailbox-full"};  ///< also of deferrals
  std::chrono::hours domain_keep{72};                     ///< entries from domain_classes expire after this

  std::size_t page_events = 5'000;    ///< the feed takes so many into one commit
  std::size_t pass_records = 20'000;  ///< a pass looks at so many between two other duties
  std::chrono::milliseconds pass_pause{
      2'000};  ///< between passes, at least, and ten times as long as the last took
};

}  // namespace sluice::suppression
