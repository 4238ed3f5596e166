#include "engine/app/demo_result.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

namespace sluice::app {
namespace {

const char* name_of(DemoEnding ending) {
  if (ending == DemoEnding::done) return "done";
  return ending == DemoEnding::stopped ? "stopped" : "failed";
}

std::string line_of(bool good, const std::string& claim, const std::string& numbers,
                    const Terminal& terminal) {
  return styled(terminal, good ? Style::green : Style::red, good ? "  ok  " : "  NO  ") +
         fmt::format("{:<40} {}\n", claim, numbers);
}

}  // namespace

bool DemoResult::holds() const {
  return all_hold(checks) && signatures.verified == signatures.messages && ending != DemoEnding::failed;
}

std::string DemoResult::to_text(const Terminal& terminal) const {
  std::string out =
      ending == DemoEnding::failed ? "\nThe campaign failed; its directory says why.\n" : "\nThe accounts\n";
  for (const auto& check : checks) out += line_of(check.holds, check.claim, check.numbers, terminal);
  out +=
      line_of(signatures.verified == signatures.messages, "DKIM signatures verify",
              fmt::format("{} of {} samples, {} signatures{}", signatures.verified, signatures.messages,
                          signatures.signatures, signatures.trouble.empty() ? "" : "; " + signatures.trouble),
              terminal);
  if (ending == DemoEnding::stopped)
    out += fmt::format("\nStopped safely. Go on with: sluice demo --resume --dir {}\n", folder);
  if (ending == DemoEnding::done) {
    out += fmt::format("\n  report   {0}/report.html\n           {0}/report.json\n  samples  {1}\n", folder,
                       samples);
  }
  return out + (holds() ? "\nThe ledger balances.\n" : "\nTHE LEDGER DOES NOT BALANCE.\n");
}

boost::json::object DemoResult::to_json() const {
  boost::json::array rows;
  for (const auto& check : checks) {
    rows.push_back(
        boost::json::object{{"claim", check.claim}, {"numbers", check.numbers}, {"holds", check.holds}});
  }
  return {{"event", "result"},
          {"state", name_of(ending)},
          {"holds", holds()},
          {"checks", std::move(rows)},
          {"samples", signatures.messages},
          {"samples_verified", signatures.verified},
          {"seconds", seconds},
          {"report", ending == DemoEnding::done ? folder + "/report.json" : ""}};
}

}  // namespace sluice::app
