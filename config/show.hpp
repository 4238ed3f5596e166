// A configuration told back: each key in effect with where it came from, and the commented reference file.
// Pure functions.
#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"

namespace sluice::config {

struct Setting {
  std::string path;    ///< path_of(): "delivery.smtp_port", "source[0].name"
  std::string value;   ///< as it would be written in the file
  std::string origin;  ///< "default", or "file:line"
  bool live;           ///< a reload applies a change of it
};

/// Every key, in the schema's order; repeated sections only as far as they are there.
[[nodiscard]] std::vector<Setting> settings(const Loaded& loaded);

/// config/sluice.toml: every key with explanation, range and default, commented out, so that the file as it
/// stands is the defaults.
[[nodiscard]] std::string reference();

}  // namespace sluice::config
