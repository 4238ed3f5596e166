// The demo's accounts, checked three ways: the list against what was queued, what was queued against its
// outcomes, and what we call delivered against what the receivers took. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/counters.hpp"

namespace sluice::app {

/// What was found, each number from where it is known first-hand.
struct DemoFacts {
  std::uint64_t list_rows = 0;  ///< as the generator wrote them
  std::uint64_t list_invalid = 0;
  std::uint64_t list_duplicates = 0;
  bool list_read = false;            ///< to its end
  queue::Counters counters;          ///< the store's
  std::uint64_t received = 0;        ///< different messages the receivers took
  std::uint64_t received_again = 0;  ///< further copies of them
  bool matched = false;              ///< the next three are known: the campaign's results were written
  queue::Counters told;              ///< finals of recipients.jsonl, counted line by line
  std::uint64_t lost = 0;            ///< ids we call delivered that no receiver took
  std::uint64_t untold = 0;          ///< ids a receiver took that we do not call delivered
};

struct DemoCheck {
  std::string claim;    ///< "rows of the list = queued + rejected"
  std::string numbers;  ///< "100,000 = 99,795 + 205"
  bool holds = false;
};

/// Everything that must hold. `untold` and `received_again` may be as many as attempts are in doubt, never
/// more.
[[nodiscard]] std::vector<DemoCheck> check_demo(const DemoFacts& facts);
[[nodiscard]] bool all_hold(const std::vector<DemoCheck>& checks);

}  // namespace sluice::app
