#include "config/check.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "config/schema.hpp"
#include "config/suggest.hpp"
#include "config/webhook_options.hpp"
#include "engine/message/dkim_key.hpp"

namespace sluice::config {
namespace {

using Names = std::vector<std::string_view>;

class Checks {
 public:
  Checks(const Loaded& loaded, const LoadOptions& options, Problems& problems)
      : loaded_(loaded), config_(loaded.config), options_(options), problems_(problems) {}

  void run() {
    unique_entries();
    if (options_.document != Document::configuration) return;
    unique_listeners();
    sources();
    pools_and_routes();
    policies();
    tenants();
    listeners();
    keys();
    ordered_limits();
    inbound();
    webhooks();
    if (!config_.public_.listen.empty() && config_.public_.url.empty() && !refused("public.url")) {
      add("public.listen", "[public] has `listen` but no `url` that links can start with");
    }
  }

 private:
  /// The first of `path` and its entry that has a place in the file.
  void add(const std::string& path, std::string text) {
    auto found = loaded_.origins.find(path);
    if (found == loaded_.origins.end()) found = loaded_.origins.find(path.substr(0, path.find(']') + 1));
    const auto at = found == loaded_.origins.end() ? Position{} : found->second;
    problems_.push_back({loaded_.file, at, std::move(text), path});
  }

  [[nodiscard]] std::size_t line_of(const std::string& path) const {
    const auto found = loaded_.origins.find(path);
    return found == loaded_.origins.end() ? 0 : found->second.line;
  }

  void unique_entries() {
    for (const auto& section : config::sections(options_.document)) {
      if (section.identity.empty()) continue;
      std::map<std::string, std::size_t> seen;
      for (std::size_t i = 0; i < section.count(config_); ++i) {
        std::string identity;
        for (const auto key : section.identity) {
          const auto text = std::get<std::string>(section.find(key)->get(section.at(config_, i)));
          identity += (identity.empty() ? "" : " ") + text;
        }
        if (identity.empty() || identity.ends_with(":0"))
          continue;  // already reported; port 0 is never the same
        const auto [first, is_new] = seen.emplace(identity, i);
        if (is_new) continue;
        add(path_of(section, i, section.identity.back()),
            fmt::format("[[{}]] `{}` is there twice; the first is on line {}", section.name, identity,
                        line_of(fmt::format("{}[{}]", section.name, first->second))));
      }
    }
  }

  void unique_listeners() {
    std::map<std::string, std::string> seen;
    const auto one = [&](const std::string& path, const std::string& listen) {
      if (listen.empty() || listen.ends_with(":0")) return;
      const auto [first, is_new] = seen.emplace(listen, path);
      const bool same_kind = path.starts_with("listener") && first->second.starts_with("listener");
      if (is_new || same_kind) return;
      add(path, fmt::format("`{}` is already taken by `{}`", listen, first->second));
    };
    one("http.listen", config_.http.listen);
    one("public.listen", config_.public_.listen);
    one("bounce.listen", config_.bounce.listen);
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      one(fmt::format("listener[{}].listen", i), config_.listeners[i].listen);
    }
  }

  void sources() {
    for (std::size_t i = 0; i < config_.sources.size(); ++i) {
      const auto& source = config_.sources[i];
      const auto path = fmt::format("source[{}]", i);
      if (!source.warmup_start.empty() && source.warmup.empty() && !refused(path + ".warmup"))
        add(path + ".warmup_start", fmt::format("source `{}` has a start and no `warmup`", source.name));
      if (!source.address.empty() || !source.address6.empty() || refused(path)) continue;
      add(path, fmt::format("source `{}` needs `address`, `address6` or both", source.name));
    }
  }

  /// `text` must be one of `names`; `what` is "source", "pool", "tenant".
  void known(const std::string& path, std::string_view who, std::string_view what, const std::string& text,
             const Names& names) {
    if (text.empty() || std::ranges::find(names, text) != names.end()) return;
    const auto near = nearest(text, names);
    add(path, fmt::format("{} names the {} `{}`, which is not defined{}", who, what, text,
                          near ? fmt::format("; did you mean `{}`?", *near) : std::string()));
  }

  template <class Entry>
  static Names names_of(const std::vector<Entry>& entries) {
    Names names;
    for (const auto& one : entries) names.emplace_back(one.name);
    return names;
  }

  void pools_and_routes() {
    const auto source_names = names_of(config_.sources);
    for (std::size_t i = 0; i < config_.pools.size(); ++i) {
      const auto& pool = config_.pools[i];
      const auto path = fmt::format("pool[{}].sources", i);
      std::set<std::string_view> seen;
      for (const auto& name : pool.sources) {
        known(path, fmt::format("pool `{}`", pool.name), "source", name, source_names);
        if (!seen.insert(name).second)
          add(path, fmt::format("pool `{}` names the source `{}` twice", pool.name, name));
      }
      if (!pool.weights.empty() && pool.weights.size() != pool.sources.size()) {
        add(fmt::format("pool[{}].weights", i),
            fmt::format("pool `{}` has {} sources and {} weights; write one for each, in their order",
                        pool.name, pool.sources.size(), pool.weights.size()));
      }
    }
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const auto& route = config_.routes[i];
      const auto path = fmt::format("route[{}]", i);
      known(path + ".pool", "a route", "pool", route.pool, names_of(config_.pools));
      check_match(path + ".match", "a route", route.match);
      if (route.hosts.empty() && route.pool.empty() && !refused(path)) {
        add(path, "a route needs `hosts`, `pool` or both");
      }
    }
  }

  void check_match(const std::string& path, std::string_view who, const Match& match) {
    for (const auto& [key, text] : match) {
      if (text == "*") continue;
      if (key == "source") known(path, who, key, text, names_of(config_.sources));
      if (key == "pool") known(path, who, key, text, names_of(config_.pools));
      if (key == "tenant" && !config_.tenants.empty()) known(path, who, key, text, tenant_names());
      if (key == "class") known(path, who, key, text, {"commercial", "transactional"});
      if (key != "remote_ip") continue;
      const auto network = text.substr(0, text.find('/'));
      if (address_family(network) == 0)
        add(path, fmt::format("{} matches remote_ip `{}`, which is no address", who, text));
    }
  }

  void policies() {
    for (std::size_t i = 0; i < config_.policies.size(); ++i) {
      const auto& policy = config_.policies[i];
      const auto path = fmt::format("policy[{}]", i);
      check_match(path + ".match", "a policy", policy.match);
      const bool limits = !policy.message_rate.empty() || !policy.byte_rate.empty() ||
                          !policy.connection_rate.empty() || policy.connections > 0 ||
                          policy.messages_per_connection > 0 || policy.hourly_quota > 0 ||
                          policy.daily_quota > 0;
      if (!limits && !refused(path))
        add(path, "a policy without any limit does nothing; add message_rate or another");
    }
  }

  /// Something at or below `path` was refused, so that what seems missing may be just that.
  [[nodiscard]] bool refused(std::string_view path) const {
    return std::ranges::any_of(problems_,
                               [&](const Problem& problem) { return problem.path.starts_with(path); });
  }

  [[nodiscard]] Names tenant_names() const {
    auto names = names_of(config_.tenants);
    names.emplace_back("default");
    return names;
  }

  /// Tenants need not be listed; once some are, a name outside the list is a slip.
  void tenants() {
    if (config_.tenants.empty()) return;
    for (std::size_t i = 0; i < config_.senders.size(); ++i) {
      known(fmt::format("sender[{}].tenant", i), "a sender", "tenant", config_.senders[i].tenant,
            tenant_names());
    }
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      known(fmt::format("listener[{}].tenant", i), "a listener", "tenant", config_.listeners[i].tenant,
            tenant_names());
    }
  }

  void listeners() {
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      const auto& listener = config_.listeners[i];
      const auto path = fmt::format("listener[{}]", i);
      const bool both = !listener.cert_file.empty() && !listener.key_file.empty();
      if (listener.starttls != "off" && !both && !refused(path)) {
        add(path + ".starttls",
            fmt::format("starttls = \"{}\" needs `cert_file` and `key_file`", listener.starttls));
      }
      if (!options_.check_files) continue;
      readable_file(path + ".cert_file", listener.cert_file);
      private_file(path + ".key_file", listener.key_file);
    }
  }

  void pair(const std::string& section, const std::string& cert_file, const std::string& key_file) {
    if (cert_file.empty() != key_file.empty() && !refused(section))
      add(section + (cert_file.empty() ? ".key_file" : ".cert_file"),
          fmt::format("[{}] needs both `cert_file` and `key_file`, or neither", section));
    if (!options_.check_files) return;
    readable_file(section + ".cert_file", cert_file);
    private_file(section + ".key_file", key_file);
  }

  /// What comes back is known by the domain it comes back to.
  void inbound() {
    const auto& bounce = config_.bounce;
    pair("public", config_.public_.cert_file, config_.public_.key_file);
    pair("bounce", bounce.cert_file, bounce.key_file);
    if (!bounce.domain.empty() || refused("bounce.domain")) return;
    if (!bounce.listen.empty())
      add("bounce.listen", "[bounce] has `listen` but no `domain` for its addresses");
    if (!bounce.maildir.empty())
      add("bounce.maildir", "[bounce] has `maildir` but no `domain` for its addresses");
  }

  void keys() {
    if (!options_.check_files) return;
    for (std::size_t i = 0; i < config_.dkim.size(); ++i) {
      const auto& key = config_.dkim[i];
      const auto path = fmt::format("dkim[{}].key_file", i);
      if (!private_file(path, key.key_file) || key.domain.empty() || key.selector.empty()) continue;
      const auto loaded = message::DkimKey::load(key.key_file, key.domain, key.selector);
      if (!loaded) add(path, loaded.error().text);
    }
    readable_file("tls.ca_file", config_.tls.ca_file);
  }

  bool readable_file(const std::string& path, const std::string& file) {
    if (file.empty()) return false;
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
      add(path, fmt::format("{} cannot be opened: {}", file, std::strerror(errno)));
      return false;
    }
    if (!S_ISREG(status.st_mode)) add(path, fmt::format("{} is not a file", file));
    return S_ISREG(status.st_mode);
  }

  bool private_file(const std::string& path, const std::string& file) {
    struct stat status{};
    if (!readable_file(path, file) || ::stat(file.c_str(), &status) != 0) return false;
    if ((status.st_mode & 077) == 0) return true;
    add(path, fmt::format("{0} has mode {1:04o}: others may read the key; run chmod 600 {0}", file,
                          static_cast<unsigned>(status.st_mode & 07777)));
    return false;
  }

  void webhooks() {
    for (std::size_t i = 0; i < config_.webhooks.size(); ++i) {
      const auto path = fmt::format("webhook[{}]", i);
      if (refused(path)) continue;
      for (auto& [key, text] : webhook_problems(config_.webhooks[i], options_.check_files))
        add(path + '.' + key, std::move(text));
    }
  }

  void ordered_limits() {
    const auto& store = config_.store;
    if (store.stop_below > store.refuse_below) {
      add("store.stop_below", fmt::format("[store] stop_below ({}) is above refuse_below ({})",
                                          to_text(store.stop_below), to_text(store.refuse_below)));
    }
    if (config_.dns.ttl_min > config_.dns.ttl_max) {
      add("dns.ttl_min", fmt::format("[dns] ttl_min ({}) is above ttl_max ({})", to_text(config_.dns.ttl_min),
                                     to_text(config_.dns.ttl_max)));
    }
    if (config_.events.file_size > config_.events.keep_size) {
      add("events.keep_size",
          fmt::format("[events] keep_size ({}) is below file_size ({})", to_text(config_.events.keep_size),
                      to_text(config_.events.file_size)));
    }
  }

  const Loaded& loaded_;
  const Config& config_;
  const LoadOptions& options_;
  Problems& problems_;
};

}  // namespace

void cross_check(const Loaded& loaded, const LoadOptions& options, Problems& problems) {
  Checks(loaded, options, problems).run();
}

}  // namespace sluice::config
