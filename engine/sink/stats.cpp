#include "engine/sink/stats.hpp"

#include <boost/json.hpp>

namespace sluice::sink {

namespace json = boost::json;

namespace {

json::object to_object(const SiteStats& s) {
  return {{"listen", s.listen},
          {"persona", s.persona},
          {"connections", s.connections},
          {"connections_refused", s.connections_refused},
          {"most_open", s.most_open},
          {"mails", s.mails},
          {"peak_mails_per_s", s.peak_mails_per_s},
          {"rate_limited", s.rate_limited},
          {"recipients", s.recipients},
          {"bounced", s.bounced},
          {"mailbox_full", s.mailbox_full},
          {"greylisted", s.greylisted},
          {"deferred", s.deferred},
          {"scripted", s.scripted},
          {"messages", s.messages},
          {"deliveries", s.deliveries},
          {"duplicates", s.duplicates},
          {"unidentified", s.unidentified},
          {"dropped", s.dropped},
          {"bytes", s.bytes},
          {"tls_mails", s.tls_mails},
          {"refusals", json::array(s.refusals.begin(), s.refusals.end())}};
}

}  // namespace

std::string Stats::to_json() const {
  json::array site_list;
  for (const auto& site : sites) site_list.emplace_back(to_object(site));
  json::object domain_map;
  for (const auto& [domain, counts] : domains) {
    domain_map[domain] = json::object{{"delivered", counts.delivered},
                                      {"duplicates", counts.duplicates},
                                      {"refused", counts.refused},
                                      {"deferred", counts.deferred}};
  }
  const json::object all{{"seconds", seconds},
                         {"active_seconds", active_seconds},
                         {"messages", messages},
                         {"deliveries", deliveries},
                         {"unique", unique},
                         {"duplicates", duplicates},
                         {"untracked", untracked},
                         {"bytes", bytes},
                         {"samples", samples},
                         {"log_complete", log_complete},
                         {"sites", std::move(site_list)},
                         {"domains", std::move(domain_map)}};
  return json::serialize(all);
}

}  // namespace sluice::sink
