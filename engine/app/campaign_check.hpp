// A campaign directory read through to the last row of its list, without sending: what `check DIR` and
// `send --dry-run` say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "engine/app/verb.hpp"

namespace sluice::app {

struct CampaignReport {
  std::string id;                     ///< "" when campaign.toml could not be read
  std::vector<std::string> problems;  ///< the campaign would be rejected: "campaign.toml:3:1: …"
  std::vector<std::string> notes;     ///< allowed, perhaps a slip
  std::uint64_t rows = 0;             ///< read
  std::uint64_t rejected = 0;         ///< of them: no addresses, or unreadable
  std::vector<std::string> samples;   ///< the first rejected rows: "line 7: …"; at most kMaxSamples

  static constexpr std::size_t kMaxSamples = 10;
  [[nodiscard]] bool ok() const { return problems.empty(); }
};

/// Never follows links in the directory; bounded by the configuration's [campaign]. Without `read_list` only
/// the list's header is looked at.
[[nodiscard]] CampaignReport check_campaign(const std::string& directory, const config::Config& config,
                                            bool read_list = true);

void print_report(Context& context, const CampaignReport& report);

}  // namespace sluice::app
