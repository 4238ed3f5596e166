// What became of mail at each recipient domain, and which had the worst share of failures. One thread.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/campaign/report.hpp"
#include "engine/campaign/report_event.hpp"

namespace sluice::campaign {

class ReportDomains {
 public:
  /// Domains told apart: about 150 bytes each. Finals at later ones are counted together, in beyond().
  explicit ReportDomains(std::size_t max_domains) : max_domains_(max_domains) {}

  void add(const ReportEvent& event);
  /// At most `most` with a failure, the worst first. Ordered by the lowest share of failures that fits what
  /// was seen (failure_floor): one bounce of one message says less than 90 of 100.
  [[nodiscard]] std::vector<ReportDomain> worst(std::size_t most) const;
  [[nodiscard]] std::size_t seen() const { return domains_.size(); }
  [[nodiscard]] std::uint64_t beyond() const { return beyond_; }
  [[nodiscard]] bool knows(std::string_view domain) const { return domains_.contains(std::string(domain)); }
  /// "" when it is not known. Valid until the next add().
  [[nodiscard]] std::string_view provider_of(std::string_view domain) const;

 private:
  std::size_t max_domains_;
  std::unordered_map<std::string, ReportDomain> domains_;
  std::uint64_t beyond_ = 0;
};

/// Lower end of the 95 % Wilson score interval of failed/tried (Wilson 1927); 0 when nothing was tried.
[[nodiscard]] double failure_floor(std::uint64_t failed, std::uint64_t tried);

}  // namespace sluice::campaign
