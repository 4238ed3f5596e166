// One table read key by key with positions: the plumbing under parse_spec. Every read removes the key from
// the set of those not yet asked for; what is left at the end is unknown.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/campaign/spec.hpp"

namespace sluice::campaign {

class KeyReader {
 public:
  /// `prefix` is "" for the top table, "unsubscribe." for [unsubscribe]. Positions go to `positions` under
  /// the full key, problems to `problems`; all must outlive the reader.
  KeyReader(const toml::table& table, std::string prefix, Problems& problems,
            std::map<std::string, Position, std::less<>>& positions);

  /// The value, when the key is there and of the right type; a wrong type is a problem.
  std::optional<std::string> text(std::string_view key, std::size_t most_bytes);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key, std::size_t most_items,
                                                std::size_t most_bytes);
  /// A TOML date and time with its offset from UTC.
  std::optional<Instant> instant(std::string_view key);
  const toml::table* table(std::string_view key);
  /// Every key of this table as text (numbers and booleans as TOML writes them), in file order: [defaults],
  /// [headers].
  std::vector<std::pair<std::string, std::string>> all_as_text(std::size_t most_items,
                                                               std::size_t most_bytes);

  /// Reports the keys nobody asked for, each with the nearest known one.
  void finish();

  void problem(std::string_view key, std::string text);

 private:
  const toml::node* find(std::string_view key);
  std::optional<std::string> checked_text(const toml::node& node, std::string_view key,
                                          std::size_t most_bytes);
  void wrong_type(std::string_view key, const toml::node& node, std::string_view expected);

  const toml::table& table_;
  std::string prefix_;
  Problems& problems_;
  std::map<std::string, Position, std::less<>>& positions_;
  std::vector<std::string_view> known_;
};

}  // namespace sluice::campaign
