// Counts what the doors made of what came: sluice_inbound_total. One owner thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "metrics/catalog.hpp"
#include "metrics/registry.hpp"

namespace sluice::inbound {

class Meter {
 public:
  /// Without a registry, which outlives it, it counts nothing.
  explicit Meter(metrics::Registry* registry) : shard_(registry ? &registry->make_shard() : nullptr) {}

  /// `what` is one of a fixed set of words.
  void count(std::string_view what) {
    if (shard_ == nullptr) return;
    auto found = cells_.find(what);
    if (found == cells_.end()) found = cells_.emplace(what, &shard_->cell(metrics::kInbound, {what})).first;
    found->second->add();
  }

 private:
  metrics::Shard* shard_;
  std::map<std::string, metrics::Cell*, std::less<>> cells_;
};

}  // namespace sluice::inbound
