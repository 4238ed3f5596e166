// One event a line, to stderr: `event key=value …`, or a JSON object. Fixed event names, values quoted where
// they hold spaces. error = someone must act; warn = degraded; info = a rare state change; debug = off by
// default.
//
// What goes wrong goes wrong again: of one event at most EpisodeOptions::lines are written in a span, the
// rest is counted, and the line `log_lines_left_out of=EVENT lines=N` says how many when the span is over
// (log_episodes.hpp). Debug lines are not limited.
//
// Threads: any, except set_format, which is called before there are others.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"

namespace sluice::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

[[nodiscard]] std::string_view name_of(Level level);
[[nodiscard]] std::optional<Level> level_named(std::string_view name);
[[nodiscard]] std::string_view name_of(Format format);

/// Lines below `level` are dropped, from now on. Default info. Any thread.
void set_level(Level level);
[[nodiscard]] Level level();
[[nodiscard]] bool enabled(Level level);
/// Default text.
void set_format(Format format);
[[nodiscard]] Format format();

/// One `key=value`. Text values lose control bytes and are quoted when they hold a space, quote or '='.
struct Field {
  std::string_view key;
  std::string value;
  bool bare = false;  ///< a number or truth value: JSON has it without quotes

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), bare(true) {}
  template <class N>
    requires std::integral<N> || std::floating_point<N>
  Field(std::string_view k, N v)
      : key(k), value(fmt::format("{}", v)), bare(std::integral<N> || v - v == 0) {}
};

/// Writes the line at once; any thread.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);
/// Tells what was left out in spans that are over. Now and then, from any thread; lines do so too.
void tell_left_out();

/// The line without its end, as write() makes it.
[[nodiscard]] std::string line_of(Format format, Instant at, Level level, std::string_view event,
                                  std::initializer_list<Field> fields);

/// The fields are made whether it is written or not: on a hot path ask enabled() first.
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
