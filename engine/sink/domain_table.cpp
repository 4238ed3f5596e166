#include "engine/sink/domain_table.hpp"

#include <algorithm>

namespace sluice::sink {

DomainCounts& DomainCounts::operator+=(const DomainCounts& other) {
  delivered += other.delivered;
  duplicates += other.duplicates;
  refused += other.refused;
  deferred += other.deferred;
  return *this;
}

DomainCounts& DomainTable::at(std::string_view domain) {
  auto found = domains_.find(domain);
  if (found != domains_.end()) return found->second;
  std::string lower(domain);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  found = domains_.find(lower);
  if (found != domains_.end()) return found->second;
  return domains_[domains_.size() < max_domains_ ? lower : "*"];
}

void DomainTable::merge(const DomainTable& other) {
  for (const auto& [domain, counts] : other.domains_) at(domain) += counts;
}

}  // namespace sluice::sink
