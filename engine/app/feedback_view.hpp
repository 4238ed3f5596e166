// What a message that came back said, for programs and for people. Also the rules a verb classifies by.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "engine/app/table.hpp"
#include "engine/app/verb.hpp"
#include "engine/feedback/parse_feedback.hpp"

namespace sluice::app {

/// `rules` when given; else the configuration's, where there is one; else the built-in ones. Null when a
/// complaint was written and exit_code is set.
[[nodiscard]] std::shared_ptr<const feedback::Classifier> rules_of(Context& context,
                                                                   const std::string& rules);

[[nodiscard]] boost::json::object action_json(const feedback::Action& action);

/// One recipient. `file` names the message.
[[nodiscard]] boost::json::object result_json(const std::string& file, const feedback::Feedback& message,
                                              const feedback::Result& result);

/// file, recipient, class, reason, status, rule, what was said.
[[nodiscard]] Table result_table();
void add_result(Table& table, const std::string& file, const feedback::Result& result);

/// Parses every message of `paths` and prints one JSON line or table row per recipient; a message that says
/// nothing has one of class none. Exit code.
[[nodiscard]] int print_feedback(Context& context, const feedback::Classifier& classifier,
                                 const std::vector<std::string>& paths);

}  // namespace sluice::app
