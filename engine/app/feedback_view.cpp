#include "engine/app/feedback_view.hpp"

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <ostream>

#include "engine/app/message_files.hpp"
#include "engine/app/service.hpp"
#include "engine/feedback/visible_text.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kTextBytes = 2000;

/// Valid UTF-8 whatever others wrote.
std::string shown(std::string_view text) { return feedback::visible_text(text, kTextBytes); }

boost::json::object original_json(const feedback::OriginalMessage& original) {
  boost::json::object fields;
  for (const auto& field : original.x_fields) fields[shown(field.name)] = shown(field.value);
  return {{"message_id", shown(original.message_id)},
          {"return_path", shown(original.return_path)},
          {"from", shown(original.from)},
          {"to", shown(original.to)},
          {"subject", shown(original.subject)},
          {"list_unsubscribe", shown(original.list_unsubscribe)},
          {"feedback_id", shown(original.feedback_id)},
          {"x_fields", std::move(fields)}};
}

}  // namespace

std::shared_ptr<const feedback::Classifier> rules_of(Context& context, const std::string& rules) {
  std::string path = rules;
  std::error_code error;
  const bool configured =
      !context.config_file.empty() || std::filesystem::exists(context.config_path(), error);
  if (path.empty() && configured) {
    const auto loaded = load_config(context);
    if (!loaded) return nullptr;
    path = loaded->config.bounce.rules;
  }
  auto classifier = feedback::load_classifier(path);
  if (classifier) return std::move(*classifier);
  context.exit_code = context.complain(kExitConfig, classifier.error().text);
  return nullptr;
}

boost::json::object action_json(const feedback::Action& action) {
  return {{"recipient", feedback::name_of(action.recipient)},
          {"retry", feedback::name_of(action.retry)},
          {"brake", feedback::name_of(action.brake)},
          {"alert", action.alert}};
}

boost::json::object result_json(const std::string& file, const feedback::Feedback& message,
                                const feedback::Result& result) {
  boost::json::object out{{"file", shown(file)},
                          {"kind", name_of(message.kind)},
                          {"recipient", shown(result.recipient)},
                          {"status", shown(result.status)},
                          {"class", name_of(result.result)},
                          {"reason", name_of(result.reason)},
                          {"feedback_type", shown(result.feedback_type)},
                          {"action", shown(result.action)},
                          {"recipient_action", feedback::name_of(result.recipient_action())},
                          {"reply_code", result.reply_code},
                          {"rule", result.rule},
                          {"diagnostic", shown(result.diagnostic)},
                          {"remote_mta", shown(result.remote_mta)},
                          {"original_recipient", shown(result.original_recipient)},
                          {"addressed_to", shown(message.addressed_to)}};
  out["original"] = original_json(message.original);
  if (message.cut) out["cut"] = true;
  return out;
}

Table result_table() {
  return Table({{"FILE"}, {"RECIPIENT"}, {"CLASS"}, {"REASON"}, {"STATUS"}, {"RULE"}, {"SAID"}});
}

void add_result(Table& table, const std::string& file, const feedback::Result& result) {
  const auto reason =
      result.feedback_type.empty() ? std::string(name_of(result.reason)) : result.feedback_type;
  table.add({std::filesystem::path(file).filename().string(), result.recipient,
             std::string(name_of(result.result)), reason, result.status, result.rule, result.diagnostic});
}

int print_feedback(Context& context, const feedback::Classifier& classifier,
                   const std::vector<std::string>& paths) {
  auto table = result_table();
  const auto each = [&](const std::string& name, std::string_view bytes) {
    auto message = feedback::parse_feedback(bytes, classifier);
    if (message.results.empty()) message.results.emplace_back();
    for (const auto& result : message.results) {
      if (context.json) {
        context.out << boost::json::serialize(result_json(name, message, result)) << '\n';
      } else {
        add_result(table, name, result);
      }
    }
  };
  int code = kExitOk;
  for (const auto& path : paths) {
    if (auto done = each_message(path, each); !done) code = context.complain(done.error());
  }
  if (!table.empty()) context.out << table.text(context.terminal);
  return code;
}

}  // namespace sluice::app
