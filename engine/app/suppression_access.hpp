// Suppressions as the verbs see them: through the running service or, when none answers, by looking into the
// store that nobody has open. Changes need the service.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/app/service.hpp"
#include "engine/control/suppression_answers.hpp"

namespace sluice::app {

class SuppressionAccess {
 public:
  /// Nothing when the configuration is wrong; exit_code is then set.
  [[nodiscard]] static std::optional<SuppressionAccess> open(Context& context);

  /// `what` is list, check or audit: answers of engine/control/suppression_answers.hpp. Unavailable: no
  /// service answers and there is no store. not_found: nothing was ever suppressed.
  [[nodiscard]] Expected<boost::json::object> read(std::string_view what,
                                                   const control::SuppressionWords& words);
  /// POST, a running service only.
  [[nodiscard]] Expected<boost::json::object> change(const std::string& target, std::string_view body) const;
  [[nodiscard]] Expected<boost::json::object> status() const;
  [[nodiscard]] bool offline() const { return database_ != nullptr; }

 private:
  SuppressionAccess(Context& context, config::Loaded loaded)
      : context_(&context), loaded_(std::move(loaded)) {}
  Expected<> look_into_store();

  Context* context_;
  config::Loaded loaded_;
  std::unique_ptr<store::Database> database_;
};

/// Who runs the verb: $SUDO_USER, $USER or the number of the user.
[[nodiscard]] std::string who_acts();
/// {"a":"b"} of the words that are not empty.
[[nodiscard]] std::string body_of(const control::SuppressionWords& words);
[[nodiscard]] std::string query_of(const control::SuppressionWords& words);

}  // namespace sluice::app
