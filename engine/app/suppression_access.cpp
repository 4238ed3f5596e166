#include "engine/app/suppression_access.hpp"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <ostream>

#include "engine/http/percent.hpp"
#include "queue/families.hpp"

namespace sluice::app {

std::optional<SuppressionAccess> SuppressionAccess::open(Context& context) {
  auto loaded = load_config(context);
  if (!loaded) return std::nullopt;
  return SuppressionAccess(context, std::move(*loaded));
}

Expected<> SuppressionAccess::look_into_store() {
  store::Options options;
  options.path = loaded_.config.data_dir + "/store";
  auto opened = store::Database::open_read_only(options, queue::family_names());
  if (!opened) return std::unexpected(opened.error());
  database_ = std::move(*opened);
  return {};
}

Expected<boost::json::object> SuppressionAccess::read(std::string_view what,
                                                      const control::SuppressionWords& words) {
  if (!database_) {
    const auto path = what == "list" ? std::string() : "/" + std::string(what);
    auto answer = app::ask(service_of(loaded_.config), "GET", "/v1/suppressions" + path + query_of(words));
    if (answer || answer.error().code != ErrorCode::unavailable) return answer;
    if (auto looked = look_into_store(); !looked)
      return fail(ErrorCode::unavailable, answer.error().text + "; " + looked.error().text);
    context_->err << "sluice: no service answers; looking into the store of "
                  << safe_text(loaded_.config.data_dir) << '\n';
  }
  auto lookup = suppression::Lookup::open(*database_);
  if (!lookup) return std::unexpected(lookup.error());
  if (what == "list") return control::suppression_list(*lookup, words);
  if (what == "audit") return control::suppression_audit(*lookup, words);
  return control::suppression_check(*lookup, words, SystemClock().now());
}

Expected<boost::json::object> SuppressionAccess::change(const std::string& target,
                                                        std::string_view body) const {
  return app::ask(service_of(loaded_.config), "POST", target, body);
}

Expected<boost::json::object> SuppressionAccess::status() const {
  return app::ask(service_of(loaded_.config), "GET", "/v1/suppressions/status");
}

std::string who_acts() {
  for (const char* name : {"SUDO_USER", "USER", "LOGNAME"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return "uid " + std::to_string(::getuid());
}

std::string body_of(const control::SuppressionWords& words) {
  boost::json::object out;
  for (const auto& [name, value] : words) {
    if (!value.empty()) out[name] = value;
  }
  return boost::json::serialize(out);
}

std::string query_of(const control::SuppressionWords& words) {
  std::string out;
  for (const auto& [name, value] : words) {
    if (value.empty()) continue;
    out += out.empty() ? '?' : '&';
    out += name + "=" + http::percent_encode(value);
  }
  return out;
}

}  // namespace sluice::app
