// Effects written down: what is in force, and what was done in order.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/shaping/effects.hpp"

namespace sluice::shaping {

class FakeEffects final : public Effects {
 public:
  void set(Change change, Instant) override {
    done.push_back("set " + change.id);
    auto id = change.id;
    in_force[id] = std::move(change);
  }
  void clear(const std::string& id, Instant) override {
    done.push_back("clear " + id);
    in_force.erase(id);
  }
  void hold(StreamId campaign, const std::string& reason) override { held.emplace_back(campaign, reason); }

  std::map<std::string, Change> in_force;
  std::vector<std::string> done;
  std::vector<std::pair<StreamId, std::string>> held;
};

}  // namespace sluice::shaping
