// What a demo came to, for people and for programs. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "engine/app/demo_evidence.hpp"
#include "engine/app/demo_ledger.hpp"
#include "engine/app/terminal.hpp"

namespace sluice::app {

enum class DemoEnding { done, stopped, failed };

struct DemoResult {
  DemoEnding ending = DemoEnding::failed;
  std::vector<DemoCheck> checks;
  SignatureCheck signatures;
  double seconds = 0;   ///< of all runs in this folder
  std::string folder;   ///< has report.html and report.json when done
  std::string samples;  ///< folder of the last run's stored messages

  /// The accounts balance as far as they go, every sample's signatures verify, and the campaign did not fail.
  [[nodiscard]] bool holds() const;
  [[nodiscard]] std::string to_text(const Terminal& terminal) const;
  [[nodiscard]] boost::json::object to_json() const;
};

}  // namespace sluice::app
