// What a configuration may say, as tables: one Section per [table], one Field per key. Parsing, range checks,
// unknown keys, `config show`, reload and sluice.toml all read these tables; a key exists nowhere else.
// Everything here is constant data; any thread.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace sluice::config {

/// Which file is read.
enum class Document : std::uint8_t {
  configuration,  ///< sluice.toml
  providers,      ///< providers.toml: [[provider]] alone
  shaping,        ///< shaping.toml: [[rule]] and [[controller]]
};

/// A key's value outside its struct. The alternative held is the key's type.
using Value = std::variant<bool, Count, Millis, ByteSize, std::string, std::vector<std::string>,
                           std::vector<Millis>, Match, std::vector<Count>>;

/// What a text value must look like.
enum class Format {
  any,
  name,      ///< [A-Za-z0-9._-]{1,100}
  path,      ///< relative to the configuration file
  address4,  ///< numeric IPv4
  address6,  ///< numeric IPv6
  endpoint,  ///< numeric address:port
  server,    ///< numeric address, port may be missing
  network,   ///< CIDR, never everybody
  host,      ///< host name
  hostport,  ///< host name or address, port may be missing
  domain,    ///< host name of two labels or more
  rate,      ///< throttle::Rate
  percent,   ///< "0.3%", above 0 and below 100
  ladder,    ///< throttle::parse_ladder
  day,       ///< throttle::parse_day
  email,     ///< local@domain
  url,       ///< http:// or https:// and a host
  choice,    ///< one of `choices`
};

/// One key. Built by field<&Struct::member>() and the modifiers; `min` and `max` count units of the type
/// (entries' range for a list of durations).
struct Field {
  std::string_view key;
  std::string_view doc;
  std::string_view unit;
  std::string_view example;  ///< shown in sluice.toml where the default says nothing
  Format shape = Format::any;
  bool is_live = false;  ///< a reload applies it; otherwise it waits for a restart
  bool is_required = false;
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::span<const std::string_view> choices;
  Value (*get)(const void* section) = nullptr;
  void (*set)(void* section, Value value) = nullptr;

  [[nodiscard]] constexpr Field in(std::int64_t low, std::int64_t high, std::string_view of = {}) const {
    Field out = *this;
    out.min = low;
    out.max = high;
    out.unit = of;
    return out;
  }
  [[nodiscard]] constexpr Field in(Millis low, Millis high) const { return in(low.count(), high.count()); }
  [[nodiscard]] constexpr Field in(ByteSize low, ByteSize high) const {
    return in(static_cast<std::int64_t>(low.bytes), static_cast<std::int64_t>(high.bytes));
  }
  [[nodiscard]] constexpr Field as(Format format) const {
    Field out = *this;
    out.shape = format;
    return out;
  }
  [[nodiscard]] constexpr Field one_of(std::span<const std::string_view> words) const {
    Field out = as(Format::choice);
    out.choices = words;
    return out;
  }
  [[nodiscard]] constexpr Field eg(std::string_view text) const {
    Field out = *this;
    out.example = text;
    return out;
  }
  [[nodiscard]] constexpr Field required() const {
    Field out = *this;
    out.is_required = true;
    return out;
  }
  [[nodiscard]] constexpr Field live() const {
    Field out = *this;
    out.is_live = true;
    return out;
  }
};

template <class Struct, class Member>
Struct struct_of(Member Struct::*);
template <class Struct, class Member>
Member member_of(Member Struct::*);

template <auto Member>
[[nodiscard]] constexpr Field field(std::string_view key, std::string_view doc) {
  using Owner = decltype(struct_of(Member));
  using Type = decltype(member_of(Member));
  Field out;
  out.key = key;
  out.doc = doc;
  if constexpr (std::is_same_v<Type, Count>) out.max = std::numeric_limits<Count>::max();
  out.get = [](const void* section) { return Value(static_cast<const Owner*>(section)->*Member); };
  out.set = [](void* section, Value value) {
    static_cast<Owner*>(section)->*Member = std::get<Type>(std::move(value));
  };
  return out;
}

/// One [name] or [[name]]; name "" is the top of the file.
struct Section {
  std::string_view name;
  std::string_view doc;
  std::span<const Field> fields;
  bool repeated = false;
  /// Keys that name an entry of a repeated section: no two entries may agree in all of them. Empty: entries
  /// may repeat.
  std::span<const std::string_view> identity;
  std::size_t (*count)(const Config&) = nullptr;
  const void* (*at)(const Config&, std::size_t index) = nullptr;
  void* (*at_mutable)(Config&, std::size_t index) = nullptr;
  void* (*append)(Config&) = nullptr;  ///< repeated sections only
  void (*copy)(Config& to, const Config& from) = nullptr;

  [[nodiscard]] const Field* find(std::string_view key) const {
    for (const auto& one : fields) {
      if (one.key == key) return &one;
    }
    return nullptr;
  }
};

/// Every section, in the order of sluice.toml.
[[nodiscard]] std::span<const Section> sections();
/// Those that such a file may hold; the first is its top.
[[nodiscard]] std::span<const Section> sections(Document document);
[[nodiscard]] const Section* find_section(std::string_view name, Document document = Document::configuration);

/// The keys a match table may hold.
[[nodiscard]] std::span<const std::string_view> match_keys();

/// The value as it would be written in the file.
[[nodiscard]] std::string to_toml(const Value& value);
/// "a whole number", "a duration", … for messages and sluice.toml.
[[nodiscard]] std::string_view type_name(const Value& value);

/// "delivery.smtp_port", "source[0].address", "workers": how origins, changes and `config show` name a key.
[[nodiscard]] std::string path_of(const Section& section, std::size_t index, std::string_view key);

}  // namespace sluice::config
