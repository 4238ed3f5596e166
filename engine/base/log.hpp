// One event a line: `event key=value …`, to stderr. Fixed event names, values quoted where they hold spaces.
// error = someone must act; warn = degraded; info = a rare state change; debug = off by default.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

namespace sluice::log {

enum class Level { debug, info, warn, error };

/// Lines below `level` are dropped. Default info. Any thread.
void set_level(Level level);
[[nodiscard]] bool enabled(Level level);

/// One `key=value`. Text values lose control bytes and are quoted when they hold a space, quote or '='.
struct Field {
  std::string_view key;
  std::string value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <class N>
    requires std::integral<N> || std::floating_point<N>
  Field(std::string_view k, N v) : key(k), value(fmt::format("{}", v)) {}
};

/// Writes the line at once; any thread.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace sluice::log
