#include "engine/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/base/json_text.hpp"
#include "engine/base/log_episodes.hpp"

namespace sluice::log {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warn", "error"};

/// What every line of the process shares.
struct Shared {
  Shared() : logger("sluice", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
  }

  spdlog::logger logger;
  std::atomic<Level> level{Level::info};
  std::atomic<Format> format{Format::text};
  std::mutex mutex;  ///< a line is rare, and stderr has a lock as well
  Episodes episodes;
};

Shared& shared() {
  static Shared instance;
  return instance;
}

Instant wall() { return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()); }

void put(Level level, std::string_view event, std::initializer_list<Field> fields) {
  auto& all = shared();
  all.logger.log(spdlog::level::info, "{}", line_of(all.format.load(), wall(), level, event, fields));
}

void append_value(std::string& line, const std::string& value) {
  const bool quote = value.empty() || value.find_first_of(" \"=") != std::string::npos;
  if (quote) line += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      if (quote && (c == '"' || c == '\\')) line += '\\';
      line += c;
    }
  }
  if (quote) line += '"';
}

std::string text_line(Instant at, Level level, std::string_view event, std::initializer_list<Field> fields) {
  auto line = fmt::format("{} {} {}", to_rfc3339(at), name_of(level), event);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

std::string json_line(Instant at, Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = "{\"time\":";
  append_json_string(line, to_rfc3339(at));
  line += ",\"level\":";
  append_json_string(line, name_of(level));
  line += ",\"event\":";
  append_json_string(line, event);
  for (const auto& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    if (field.bare) {
      line += field.value;
    } else {
      append_json_string(line, field.value);
    }
  }
  line += '}';
  return line;
}

}  // namespace

std::string_view name_of(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

std::optional<Level> level_named(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Format format) { return format == Format::json ? "json" : "text"; }

void set_level(Level level) { shared().level.store(level, std::memory_order_relaxed); }
Level level() { return shared().level.load(std::memory_order_relaxed); }
bool enabled(Level wanted) { return wanted >= level(); }

void set_format(Format format) { shared().format.store(format); }
Format format() { return shared().format.load(); }

std::string line_of(Format format, Instant at, Level level, std::string_view event,
                    std::initializer_list<Field> fields) {
  return format == Format::json ? json_line(at, level, event, fields) : text_line(at, level, event, fields);
}

void tell_left_out() {
  auto& all = shared();
  std::vector<Episodes::LeftOut> ended;
  {
    const std::lock_guard lock(all.mutex);
    ended = all.episodes.take_ended(wall());
  }
  for (const auto& one : ended)
    put(Level::warn, "log_lines_left_out", {{"of", one.event}, {"lines", one.lines}});
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  if (level == Level::debug) return put(level, event, fields);
  tell_left_out();
  {
    auto& all = shared();
    const std::lock_guard lock(all.mutex);
    if (!all.episodes.admit(event, wall())) return;
  }
  put(level, event, fields);
}

}  // namespace sluice::log
