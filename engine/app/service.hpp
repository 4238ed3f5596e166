// The configuration a verb runs by, and the running service it talks to.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "config/load.hpp"
#include "engine/app/verb.hpp"
#include "engine/http/client.hpp"

namespace sluice::app {

/// The configuration, or nothing: every problem has then been written to `err` and context.exit_code is 78.
[[nodiscard]] std::optional<config::Loaded> load_config(Context& context,
                                                        const config::LoadOptions& options = {});

/// A client of the service that runs on this configuration's data_dir.
[[nodiscard]] http::Client service_of(const config::Config& config);

/// One request whose answer is a JSON object. Errors say which socket was asked; corrupt when it is no
/// object.
[[nodiscard]] Expected<boost::json::object> ask(const http::Client& service, std::string_view method,
                                                std::string_view target, std::string_view body = {});

/// load_config() and ask() together: nothing when a complaint was written and exit_code is set.
[[nodiscard]] std::optional<boost::json::object> ask_service(Context& context, std::string_view method,
                                                             std::string_view target,
                                                             std::string_view body = {});

/// Members of what the service sent; a missing or odd one is 0, "" or false.
[[nodiscard]] std::int64_t number_at(const boost::json::object& object, std::string_view key);
[[nodiscard]] double real_at(const boost::json::object& object, std::string_view key);
[[nodiscard]] std::string text_at(const boost::json::object& object, std::string_view key);
/// The objects of an array member; others in it are left out.
[[nodiscard]] std::vector<const boost::json::object*> objects_at(const boost::json::object& object,
                                                                 std::string_view key);

}  // namespace sluice::app
