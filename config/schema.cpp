#include "config/schema.hpp"

#include <fmt/format.h>

#include <array>

#include "config/schema_tables.hpp"
#include "throttle/policy.hpp"

namespace sluice::config {
namespace {

constexpr std::string_view kByName[] = {"name"};
constexpr std::string_view kByListen[] = {"listen"};
constexpr std::string_view kBySelector[] = {"domain", "selector"};

template <auto Member>
Section single(std::string_view name, std::string_view doc, std::span<const Field> fields) {
  Section out;
  out.name = name;
  out.doc = doc;
  out.fields = fields;
  out.count = [](const Config&) -> std::size_t { return 1; };
  out.at = [](const Config& config, std::size_t) -> const void* { return &(config.*Member); };
  out.at_mutable = [](Config& config, std::size_t) -> void* { return &(config.*Member); };
  out.copy = [](Config& to, const Config& from) { to.*Member = from.*Member; };
  return out;
}

template <auto Member>
Section repeated(std::string_view name, std::string_view doc, std::span<const Field> fields,
                 std::span<const std::string_view> identity) {
  Section out;
  out.name = name;
  out.doc = doc;
  out.fields = fields;
  out.repeated = true;
  out.identity = identity;
  out.count = [](const Config& config) { return (config.*Member).size(); };
  out.at = [](const Config& config, std::size_t index) -> const void* { return &(config.*Member)[index]; };
  out.at_mutable = [](Config& config, std::size_t index) -> void* { return &(config.*Member)[index]; };
  out.append = [](Config& config) -> void* { return &(config.*Member).emplace_back(); };
  out.copy = [](Config& to, const Config& from) { to.*Member = from.*Member; };
  return out;
}

Section top_of_file() {
  Section out;
  out.doc = "Process.";
  out.fields = tables::top();
  out.count = [](const Config&) -> std::size_t { return 1; };
  out.at = [](const Config& config, std::size_t) -> const void* { return &config; };
  out.at_mutable = [](Config& config, std::size_t) -> void* { return &config; };
  return out;
}

const std::vector<Section>& all() {
  static const std::vector<Section> list{
      top_of_file(),
      single<&Config::log>("log", "What goes to stderr.", tables::log()),
      single<&Config::spool>("spool", "Where campaigns are dropped.", tables::spool()),
      single<&Config::campaign>("campaign", "Bounds of one campaign; beyond them it is rejected.",
                                tables::campaign()),
      single<&Config::store>("store", "The queue on disk.", tables::store()),
      single<&Config::limits>("limits", "Bounds of memory, whatever the queue.", tables::limits()),
      single<&Config::events>("events", "The event log in data_dir/events.", tables::events()),
      single<&Config::suppression>("suppression", "Who gets no mail, beside what `suppress` says.",
                                   tables::suppression()),
      single<&Config::dns>("dns", "Name resolution.", tables::dns()),
      single<&Config::delivery>("delivery",
                                "Connections to MX hosts. Time-outs never go below what RFC 5321 asks "
                                "unless you say so.",
                                tables::delivery()),
      single<&Config::tls>("tls", "TLS towards MX hosts.", tables::tls()),
      single<&Config::retry>("retry", "What follows a failed attempt.", tables::retry()),
      single<&Config::http>("http", "Metrics and health.", tables::http()),
      single<&Config::public_>("public", "Pages for recipients.", tables::public_()),
      single<&Config::bounce>("bounce", "Where bounces come back to.", tables::bounce()),
      single<&Config::dsn>("dsn", "Reports to senders of mail taken by SMTP. See docs/sender-reports.md.",
                           tables::dsn()),
      repeated<&Config::listeners>("listener", "SMTP submission; one per address.", tables::listener(),
                                   kByListen),
      repeated<&Config::sources>("source",
                                 "An address mail is sent from. Without any, the system chooses one.",
                                 tables::source(), kByName),
      repeated<&Config::pools>("pool", "Sources that stand in for each other.", tables::pool(), kByName),
      repeated<&Config::providers>("provider",
                                   "Sites that one receiver runs, however many domains they serve.",
                                   tables::provider(), kByName),
      repeated<&Config::routes>("route", "Mail that does not go to its MX, or from another pool.",
                                tables::route(), {}),
      repeated<&Config::dkim>("dkim", "A signing key. Several for one domain: several signatures.",
                              tables::dkim(), kBySelector),
      repeated<&Config::tenants>("tenant", "Who shares this service.", tables::tenant(), kByName),
      repeated<&Config::senders>("sender", "From domains without a key.", tables::sender(), {}),
      repeated<&Config::policies>("policy", "A limit on what matches. The tightest one wins.",
                                  tables::policy(), {}),
      repeated<&Config::webhooks>("webhook", "An HTTP endpoint that gets the events. See docs/webhooks.md.",
                                  tables::webhook(), kByName),
      single<&Config::shaping>("shaping", "What is known of receivers, and what follows when they push back.",
                               tables::shaping()),
  };
  return list;
}

Section no_top() {
  Section out;
  out.count = [](const Config&) -> std::size_t { return 1; };
  out.at = [](const Config& config, std::size_t) -> const void* { return &config; };
  out.at_mutable = [](Config& config, std::size_t) -> void* { return &config; };
  return out;
}

const std::vector<Section>& of_providers() {
  static const std::vector<Section> list{
      no_top(), repeated<&Config::providers>("provider", "A receiver.", tables::provider(), kByName)};
  return list;
}

const std::vector<Section>& of_shaping() {
  static const std::vector<Section> list{
      no_top(),
      repeated<&Config::shaping_rules>("rule", "What follows a reply.", tables::shaping_rule(), kByName),
      repeated<&Config::shaping_controllers>("controller", "What follows a share of outcomes.",
                                             tables::shaping_controller(), kByName)};
  return list;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct Writer {
  std::string operator()(bool on) const { return on ? "true" : "false"; }
  std::string operator()(Count number) const { return fmt::format("{}", number); }
  std::string operator()(Millis time) const { return in_quotes(to_text(time)); }
  std::string operator()(ByteSize size) const { return in_quotes(to_text(size)); }
  std::string operator()(const std::string& text) const { return in_quotes(text); }
  std::string operator()(const std::vector<std::string>& list) const { return joined(list); }
  std::string operator()(const std::vector<Millis>& list) const { return joined(list); }
  std::string operator()(const std::vector<Count>& list) const { return joined(list); }
  std::string operator()(const Match& match) const {
    if (match.empty()) return "{}";
    std::string out = "{ ";
    for (const auto& [key, text] : match)
      out += fmt::format("{}{} = {}", out.size() > 2 ? ", " : "", key, in_quotes(text));
    return out + " }";
  }
  template <class T>
  std::string joined(const std::vector<T>& list) const {
    std::string out = "[";
    for (const auto& one : list) out += (out.size() > 1 ? ", " : "") + (*this)(one);
    return out + "]";
  }
};

}  // namespace

std::span<const Section> sections() { return all(); }

std::span<const Section> sections(Document document) {
  if (document == Document::providers) return of_providers();
  return document == Document::shaping ? of_shaping() : all();
}

const Section* find_section(std::string_view name, Document document) {
  for (const auto& section : sections(document)) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

std::span<const std::string_view> match_keys() {
  static const auto keys = [] {
    std::array<std::string_view, throttle::kDimensions> names;
    for (std::size_t i = 0; i < names.size(); ++i)
      names[i] = throttle::name_of(static_cast<throttle::Dimension>(i));
    return names;
  }();
  return keys;
}

std::string to_toml(const Value& value) { return std::visit(Writer{}, value); }

std::string_view type_name(const Value& value) {
  constexpr std::array<std::string_view, 9> kNames{"true or false",
                                                   "a whole number",
                                                   "a duration",
                                                   "a size",
                                                   "a text",
                                                   "a list of texts",
                                                   "a list of durations",
                                                   "a table",
                                                   "a list of whole numbers"};
  return kNames[value.index()];
}

std::string path_of(const Section& section, std::size_t index, std::string_view key) {
  if (section.name.empty()) return std::string(key);
  if (!section.repeated) return fmt::format("{}.{}", section.name, key);
  return fmt::format("{}[{}].{}", section.name, index, key);
}

}  // namespace sluice::config
