// Walks a parsed TOML document along the schema into a Config. Only load.cpp includes this: toml++ stays in
// here.
#pragma once

#include <toml++/toml.h>

#include <string>

#include "config/load.hpp"
#include "config/schema.hpp"

namespace sluice::config {

/// Lives for one document. Fills `loaded` as far as the document is right, and `problems` with the rest.
class Reader {
 public:
  Reader(const LoadOptions& options, Loaded& loaded, Problems& problems)
      : options_(options), loaded_(loaded), problems_(problems) {}

  void read(const toml::table& document);

 private:
  void read_section(const Section& section, const toml::node& node, const toml::key& key);
  void read_entry(const Section& section, std::size_t index, const toml::table& table);
  void read_field(const Section& section, std::size_t index, const Field& field, const toml::node& node);
  void require_fields(const Section& section, std::size_t index, const toml::table& table);
  void unknown_key(const Section& section, std::size_t index, const toml::key& key, bool is_table);

  /// The node as the type `like` holds, or the reason why not.
  Expected<Value> convert(const Section& section, const Field& field, const toml::node& node,
                          const Value& like);
  Expected<Value> convert_list(const Section& section, const Field& field, const toml::array& list,
                               const Value& like);
  Expected<Value> convert_counts(const Section& section, const Field& field, const toml::array& list);
  Expected<Value> convert_match(const Section& section, const Field& field, const toml::table& table);

  void problem(const toml::source_region& where, std::string path, std::string text);

  const LoadOptions& options_;
  Loaded& loaded_;
  Problems& problems_;
};

}  // namespace sluice::config
