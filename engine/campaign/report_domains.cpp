#include "engine/campaign/report_domains.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::campaign {

double failure_floor(std::uint64_t failed, std::uint64_t tried) {
  if (tried == 0) return 0;
  constexpr double kZ = 1.96;
  const auto n = static_cast<double>(tried);
  const auto share = static_cast<double>(failed) / n;
  const auto middle = share + kZ * kZ / (2 * n);
  const auto spread = kZ * std::sqrt((share * (1 - share) + kZ * kZ / (4 * n)) / n);
  return std::max(0.0, (middle - spread) / (1 + kZ * kZ / n));
}

void ReportDomains::add(const ReportEvent& event) {
  if (event.domain.empty()) return;
  const auto found = domains_.find(std::string(event.domain));
  if (found == domains_.end() && domains_.size() >= max_domains_) {
    beyond_ += event.is_final() ? 1 : 0;
    return;
  }
  auto& domain = found != domains_.end() ? found->second : domains_[std::string(event.domain)];
  if (!event.provider.empty() && domain.provider.empty()) domain.provider = event.provider;
  if (event.kind == "delivered") ++domain.delivered;
  if (event.kind == "bounced") ++domain.bounced;
  if (event.kind == "expired") ++domain.expired;
  if (event.kind == "deferred") ++domain.deferrals;
  if (event.kind == "returned") ++domain.returned;
  if (event.kind == "complaint") ++domain.complaints;
}

std::string_view ReportDomains::provider_of(std::string_view domain) const {
  const auto found = domains_.find(std::string(domain));
  return found == domains_.end() ? std::string_view() : std::string_view(found->second.provider);
}

std::vector<ReportDomain> ReportDomains::worst(std::size_t most) const {
  struct Ranked {
    double floor;
    const std::string* name;
    const ReportDomain* domain;
  };
  std::vector<Ranked> ranked;
  for (const auto& [name, domain] : domains_) {
    if (domain.failed() > 0)
      ranked.push_back({failure_floor(domain.failed(), domain.tried()), &name, &domain});
  }
  const auto count = std::min(most, ranked.size());
  std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(count),
                            [](const Ranked& a, const Ranked& b) {
                              if (a.floor != b.floor) return a.floor > b.floor;
                              return *a.name < *b.name;
                            });
  std::vector<ReportDomain> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(*ranked[i].domain);
    out.back().name = *ranked[i].name;
  }
  return out;
}

}  // namespace sluice::campaign
