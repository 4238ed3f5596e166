#include "engine/control/handlers_log.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/base/log.hpp"

namespace sluice::control {
namespace {

using http::answer;
using http::Request;
using http::Response;

Response show() {
  return http::json_response(boost::json::object{{"level", std::string(log::name_of(log::level()))},
                                                 {"format", std::string(log::name_of(log::format()))}});
}

Response set(const Request& request) {
  const auto wanted = log::level_named(request.query_or("value", ""));
  if (!wanted) {
    return http::error_response(400, "invalid_input", "a level is debug, info, warn or error");
  }
  const auto before = log::level();
  log::set_level(std::min(before, log::Level::info));  // whoever reads the log shall see the change itself
  log::info("log_level_changed", {{"from", log::name_of(before)}, {"to", log::name_of(*wanted)}});
  log::set_level(*wanted);
  return show();
}

}  // namespace

void add_log_handlers(http::Router& router) {
  router.add("GET", "/v1/log", answer([](const Request&) { return show(); }));
  router.add("PUT", "/v1/log/level", answer([](const Request& request) { return set(request); }));
}

}  // namespace sluice::control
