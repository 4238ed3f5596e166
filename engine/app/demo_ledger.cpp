#include "engine/app/demo_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/app/table.hpp"

namespace sluice::app {
namespace {

std::string number(std::uint64_t value) { return grouped(static_cast<std::int64_t>(value)); }

DemoCheck list_check(const DemoFacts& facts) {
  const auto& c = facts.counters;
  const auto queued = c.injected + c.rejected;
  if (!facts.list_read) {
    return {"rows read so far = accepted + rejected",
            fmt::format("{} of {} read", number(queued), number(facts.list_rows)), queued <= facts.list_rows};
  }
  return {"rows of the list = accepted + rejected",
          fmt::format("{} = {} + {}", number(facts.list_rows), number(c.injected), number(c.rejected)),
          facts.list_rows == queued};
}

DemoCheck outcome_check(const DemoFacts& facts) {
  const auto& c = facts.counters;
  std::string sum;
  std::uint64_t total = 0;
  const auto add = [&](std::uint64_t count, std::string_view name) {
    total += count;
    if (count != 0) sum += fmt::format("{}{} {}", sum.empty() ? "" : " + ", number(count), name);
  };
  add(c.delivered, "delivered");
  add(c.bounced, "bounced");
  add(c.expired, "expired");
  add(c.suppressed, "suppressed");
  add(c.cancelled, "cancelled");
  add(c.queued(), "queued");
  return {"accepted = the sum of all outcomes", fmt::format("{} = {}", number(c.injected), sum),
          c.finals() <= c.injected && total == c.injected};
}

DemoCheck told_check(const DemoFacts& facts) {
  const auto& c = facts.counters;
  const auto& told = facts.told;
  return {"outcomes = lines of recipients.jsonl",
          fmt::format("{} = {}", number(c.finals()), number(told.finals())),
          c.delivered == told.delivered && c.bounced == told.bounced && c.expired == told.expired &&
              c.suppressed == told.suppressed && c.cancelled == told.cancelled};
}

}  // namespace

std::vector<DemoCheck> check_demo(const DemoFacts& facts) {
  const auto& c = facts.counters;
  std::vector<DemoCheck> out{list_check(facts), outcome_check(facts)};
  if (facts.list_read) {
    out.push_back({"rejected = rows without an address",
                   fmt::format("{} = {}", number(c.rejected), number(facts.list_invalid)),
                   c.rejected == facts.list_invalid});
    out.push_back({"suppressed = addresses that came again",
                   fmt::format("{} = {}", number(c.suppressed), number(facts.list_duplicates)),
                   c.suppressed == facts.list_duplicates});
  }
  const bool more = facts.received > c.delivered;
  out.push_back({"delivered = different messages received",
                 fmt::format("{} = {}{}", number(c.delivered), number(facts.received),
                             more ? fmt::format(" - {} in doubt", number(facts.received - c.delivered)) : ""),
                 facts.received >= c.delivered && facts.received - c.delivered <= c.doubts});
  if (facts.matched) {
    out.push_back(told_check(facts));
    out.push_back({"each delivered id was received",
                   fmt::format("{} missing, {} more received", number(facts.lost), number(facts.untold)),
                   facts.lost == 0 && facts.untold <= c.doubts});
  }
  out.push_back({"received twice, at most those in doubt",
                 fmt::format("{} of {}", number(facts.received_again), number(c.doubts)),
                 facts.received_again <= c.doubts});
  return out;
}

bool all_hold(const std::vector<DemoCheck>& checks) {
  return !checks.empty() && std::ranges::all_of(checks, &DemoCheck::holds);
}

}  // namespace sluice::app
