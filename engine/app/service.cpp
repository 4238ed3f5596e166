#include "engine/app/service.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <ostream>

namespace sluice::app {

std::optional<config::Loaded> load_config(Context& context, const config::LoadOptions& options) {
  auto loaded = config::load_file(context.config_path(), options);
  if (loaded) return std::move(*loaded);
  context.exit_code = kExitConfig;
  if (context.json) {
    boost::json::array problems;
    for (const auto& problem : loaded.error()) {
      boost::json::object one;
      one["file"] = problem.file;
      one["line"] = problem.at.line;
      one["column"] = problem.at.column;
      one["message"] = problem.text;
      problems.push_back(std::move(one));
    }
    boost::json::object error;
    error["code"] = name_of(ErrorCode::invalid_input);
    error["message"] =
        fmt::format("the configuration has {} problem{}", problems.size(), problems.size() == 1 ? "" : "s");
    error["problems"] = std::move(problems);
    boost::json::object body;
    body["error"] = std::move(error);
    context.err << boost::json::serialize(body) << '\n';
    return std::nullopt;
  }
  for (const auto& problem : loaded.error()) context.err << safe_text(to_text(problem)) << '\n';
  return std::nullopt;
}

http::Client service_of(const config::Config& config) {
  return http::Client(config.data_dir + "/control.sock");
}

Expected<boost::json::object> ask(const http::Client& service, std::string_view method,
                                  std::string_view target, std::string_view body) {
  auto answer = service.body_of(method, target, body);
  if (!answer) return std::unexpected(std::move(answer.error()));
  boost::system::error_code error;
  auto value = boost::json::parse(*answer, error);
  if (error || !value.is_object())
    return fail(ErrorCode::corrupt, "the service's answer is not JSON as agreed");
  return std::move(value.get_object());
}

std::optional<boost::json::object> ask_service(Context& context, std::string_view method,
                                               std::string_view target, std::string_view body) {
  const auto loaded = load_config(context);
  if (!loaded) return std::nullopt;
  auto answer = ask(service_of(loaded->config), method, target, body);
  if (answer) return std::move(*answer);
  context.exit_code = context.complain(answer.error());
  return std::nullopt;
}

std::int64_t number_at(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value || !value->is_number()) return 0;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

double real_at(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value || !value->is_number()) return 0;
  const auto number = value->to_number<double>();
  return std::isfinite(number) ? number : 0;
}

std::string text_at(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<const boost::json::object*> objects_at(const boost::json::object& object, std::string_view key) {
  std::vector<const boost::json::object*> out;
  const auto* value = object.if_contains(key);
  if (!value || !value->is_array()) return out;
  for (const auto& one : value->get_array()) {
    if (one.is_object()) out.push_back(&one.get_object());
  }
  return out;
}

}  // namespace sluice::app
