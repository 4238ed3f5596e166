// What a changed file means for a running service: which keys differ, which of them a reload applies.
// diff() and merge() are pure; Current belongs to one thread.
#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"

namespace sluice::config {

struct Change {
  std::string
      path;  ///< "delivery.smtp_port", "pool[default].sources", "dkim[shop.test s1]" for a whole entry
  std::string from;  ///< as written in a file; "" when the entry is new
  std::string to;    ///< "" when the entry is gone
  bool live;         ///< applied by a reload; otherwise it waits for a restart
  friend bool operator==(const Change&, const Change&) = default;
};

/// In the schema's order. Entries of repeated sections are matched by the keys that name them, else by
/// position.
[[nodiscard]] std::vector<Change> diff(const Config& old, const Config& now);

/// `now` as far as it is live, `running` for the rest.
[[nodiscard]] Config merge(const Config& running, const Config& now);

/// The configuration in force. A file that has problems changes nothing.
class Current {
 public:
  Current(Loaded loaded, LoadOptions options) : loaded_(std::move(loaded)), options_(std::move(options)) {}

  [[nodiscard]] const Config& config() const { return loaded_.config; }
  [[nodiscard]] const Loaded& loaded() const { return loaded_; }

  /// Reads the file again. On success live keys are in force and every difference is returned, those that
  /// wait for a restart too (again at each reload until then). On problems: all of them, and the old
  /// configuration stays.
  [[nodiscard]] std::expected<std::vector<Change>, Problems> reload();

 private:
  Loaded loaded_;
  LoadOptions options_;
};

}  // namespace sluice::config
