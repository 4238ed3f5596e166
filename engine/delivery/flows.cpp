#include "engine/delivery/flows.hpp"

namespace sluice::delivery {

Expected<Flow*> Flows::get(const std::string& tenant) {
  const std::lock_guard lock(mutex_);
  if (const auto found = flows_.find(tenant); found != flows_.end()) return found->second.get();
  auto options = defaults_;
  options.tenant = tenant;
  auto opened = Flow::open(std::move(options), queue_, segments_, clock_);
  if (!opened) return std::unexpected(opened.error());
  return flows_.emplace(tenant, std::move(*opened)).first->second.get();
}

}  // namespace sluice::delivery
