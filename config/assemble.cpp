#include "config/assemble.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/shaping_options.hpp"
#include "config/suggest.hpp"
#include "engine/base/assert.hpp"

namespace sluice::config {
namespace {

class Assembly {
 public:
  Assembly(Loaded& loaded, const LoadOptions& options, Problems& problems)
      : loaded_(loaded), options_(options), problems_(problems) {}

  void run() {
    const auto shipped = shipped_document(shipped_providers_toml(), "providers.toml", Document::providers);
    take_providers(shipped, " (shipped)");
    if (const auto own =
            user_file(loaded_.config.shaping.providers_file, "shaping.providers_file", Document::providers)) {
      take_providers(*own, "");
    }
    take_providers(loaded_, "");
    check_providers();
    const auto rules = shipped_document(shipped_shaping_toml(), "shaping.toml", Document::shaping);
    take_rules(rules, " (shipped)");
    if (const auto own =
            user_file(loaded_.config.shaping.rules_file, "shaping.rules_file", Document::shaping)) {
      take_rules(*own, "");
      check_rules(*own);
    }
  }

 private:
  Loaded shipped_document(std::string_view text, const std::string& name, Document document) const {
    LoadOptions options;  // the caller's bounds are for the user's files
    options.document = document;
    auto read = load_text(text, name, options);
    SLUICE_ASSERT(read.has_value());  // a unit test reads them too
    return std::move(*read);
  }

  std::optional<Loaded> user_file(const std::string& path, const std::string& key, Document document) {
    if (path.empty() || !options_.check_files) return std::nullopt;
    LoadOptions options = options_;
    options.document = document;
    auto read = load_file(path, options);
    if (read) return std::move(*read);
    for (auto& problem : read.error()) {
      if (problem.at.line == 0) {
        const auto place = loaded_.origins.find(key);
        if (place != loaded_.origins.end()) problem.at = place->second;
        problem.text = fmt::format("{} {}", path, problem.text);
        problem.file = loaded_.file;
      }
      problems_.push_back(std::move(problem));
    }
    return std::nullopt;
  }

  /// Entries of `over` change those of `base` of their name; new ones come before all others, in their order.
  template <class Entry>
  void overlay(std::vector<Entry>& base, const std::vector<Entry>& over, const Section& section,
               const Loaded& from, std::string_view mark) {
    std::vector<Entry> fresh;
    for (std::size_t i = 0; i < over.size(); ++i) {
      if (over[i].name.empty()) continue;  // reported already
      auto found = std::ranges::find(base, over[i].name, &Entry::name);
      Entry* target = found == base.end() ? &fresh.emplace_back() : &*found;
      for (const auto& field : section.fields) {
        const auto place = from.origins.find(path_of(section, i, field.key));
        if (place == from.origins.end()) continue;
        field.set(target, field.get(&over[i]));
        loaded_.known_from[fmt::format("{}.{}.{}", section.name, over[i].name, field.key)] =
            fmt::format("{}:{}{}", from.file, place->second.line, mark);
      }
    }
    base.insert(base.begin(), std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
  }

  void take_providers(const Loaded& from, std::string_view mark) {
    overlay(loaded_.config.known_providers, std::vector(from.config.providers),
            *find_section("provider", Document::providers), from, mark);
  }

  void take_rules(const Loaded& from, std::string_view mark) {
    overlay(loaded_.config.shaping_rules, std::vector(from.config.shaping_rules),
            *find_section("rule", Document::shaping), from, mark);
    overlay(loaded_.config.shaping_controllers, std::vector(from.config.shaping_controllers),
            *find_section("controller", Document::shaping), from, mark);
  }

  /// A name that is not shipped needs something to be recognised by; most likely it is a slip.
  void check_providers() {
    std::vector<std::string_view> names;
    for (const auto& provider : loaded_.config.known_providers) {
      if (!provider.mx_suffixes.empty() || !provider.networks.empty()) names.emplace_back(provider.name);
    }
    for (const auto& provider : loaded_.config.known_providers) {
      if (!provider.mx_suffixes.empty() || !provider.networks.empty()) continue;
      const auto near = nearest(provider.name, names);
      Problem problem = place_of(fmt::format("provider.{}.name", provider.name));
      problem.text =
          fmt::format("provider `{}` needs `mx_suffixes` or `networks`: none of that name is shipped{}",
                      provider.name, near ? fmt::format("; did you mean `{}`?", *near) : std::string());
      problems_.push_back(std::move(problem));
    }
  }

  [[nodiscard]] Problem place_of(const std::string& key) const {
    Problem out;
    out.file = loaded_.file;
    const auto from = loaded_.known_from.find(key);
    if (from == loaded_.known_from.end()) return out;
    const auto colon = from->second.rfind(':');
    out.file = from->second.substr(0, colon);
    out.at.line = static_cast<std::uint32_t>(std::strtoul(from->second.c_str() + colon + 1, nullptr, 10));
    out.at.column = 1;
    return out;
  }

  /// Each alone, so that the place is the right one.
  void check_rules(const Loaded& own) {
    const auto complain = [&](std::string_view kind, const std::string& name, std::string text) {
      Problem problem = place_of(fmt::format("{}.{}.name", kind, name));
      problem.text = std::move(text);
      problems_.push_back(std::move(problem));
    };
    const auto& config = loaded_.config;
    for (const auto& rule : config.shaping_rules) {
      if (std::ranges::find(own.config.shaping_rules, rule.name, &ShapingRule::name) ==
          own.config.shaping_rules.end())
        continue;
      if (auto checked = check_rule(rule); !checked) complain("rule", rule.name, checked.error().text);
    }
    for (const auto& controller : config.shaping_controllers) {
      if (std::ranges::find(own.config.shaping_controllers, controller.name, &ShapingController::name) ==
          own.config.shaping_controllers.end())
        continue;
      if (auto checked = check_controller(controller); !checked)
        complain("controller", controller.name, checked.error().text);
    }
  }

  Loaded& loaded_;
  const LoadOptions& options_;
  Problems& problems_;
};

}  // namespace

void assemble(Loaded& loaded, const LoadOptions& options, Problems& problems) {
  Assembly(loaded, options, problems).run();
}

}  // namespace sluice::config
