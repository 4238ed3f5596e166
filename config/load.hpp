// Reads sluice.toml. Either a Config that passed every check, or every problem found. Touches the disk only
// to read the file and, unless told not to, to look at the key files it names. Never throws on what it reads.
// Any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/problem.hpp"
#include "config/schema.hpp"

namespace sluice::config {

struct LoadOptions {
  bool check_files = true;           ///< other files it names are read and checked
  ByteSize max_file = mib(4);        ///< a larger configuration is refused
  std::size_t max_entries = 10'000;  ///< in one list, or [[…]] of one kind; more is refused
  std::size_t max_text = 4096;       ///< bytes of one text value
  Document document = Document::configuration;
};

struct Loaded {
  Config config;
  std::string file;
  Origins origins;
  /// Where the values of known_providers, shaping_rules and shaping_controllers come from:
  /// "provider.google.connections" → "/etc/sluice/providers.toml:12", or "providers.toml:31 (shipped)".
  std::map<std::string, std::string, std::less<>> known_from;
};

[[nodiscard]] std::expected<Loaded, Problems> load_file(const std::string& path,
                                                        const LoadOptions& options = {});

/// `file` names the text in messages; relative paths in it are relative to that file's folder.
[[nodiscard]] std::expected<Loaded, Problems> load_text(std::string_view text, const std::string& file,
                                                        const LoadOptions& options = {});

}  // namespace sluice::config
