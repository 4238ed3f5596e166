#include "engine/app/demo_earlier.hpp"

#include <boost/json/parse.hpp>
#include <fstream>

#include "engine/app/service.hpp"
#include "queue/event_log.hpp"

namespace sluice::app {

Expected<std::map<std::string, control::ProviderCounts>> count_earlier(const std::string& events_folder) {
  std::map<std::string, control::ProviderCounts> out;
  for (const auto& file : queue::event_files(events_folder)) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      boost::system::error_code error;
      const auto value = boost::json::parse(line, error);
      if (error || !value.is_object())
        return fail(ErrorCode::corrupt, file.string() + " has a line that is no JSON object");
      const auto& event = value.get_object();
      const auto kind = text_at(event, "event");
      const auto provider = text_at(event, "provider");
      if (provider.empty()) continue;
      auto& counts = out[provider];
      if (kind == "delivered") ++counts.delivered;
      if (kind == "bounced") ++counts.bounced;
      if (kind == "expired") ++counts.expired;
      if (kind == "deferred") ++counts.deferred;
    }
  }
  return out;
}

}  // namespace sluice::app
