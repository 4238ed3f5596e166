#include "engine/campaign/csv.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "engine/base/nearest_name.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

std::size_t find_byte(std::string_view text, char byte, std::size_t from = 0) {
  if (from >= text.size()) return kNone;
  const void* at = std::memchr(text.data() + from, byte, text.size() - from);
  return at == nullptr ? kNone : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

RowBounds whole_row(std::string_view text, std::size_t newline, bool quoted, std::uint32_t lines) {
  RowBounds out;
  const auto line = without_cr(text.substr(0, newline));
  out.kind = line.empty() ? RowBounds::Kind::blank : RowBounds::Kind::row;
  out.quoted = quoted;
  out.content = line.size();
  out.consumed = newline == kNone ? text.size() : newline + 1;
  out.lines = lines + (newline == kNone ? 0u : 1u);
  return out;
}

}  // namespace

RowBounds too_long_row(std::string_view text, std::size_t newline) {
  RowBounds out;
  out.kind = RowBounds::Kind::bad;
  out.open_ended = newline == kNone;
  out.consumed = newline == kNone ? text.size() : newline + 1;
  out.lines = newline == kNone ? 0 : 1;
  out.bad_column = 1;
  out.reason = "the row is longer than allowed (limit row_bytes)";
  return out;
}

RowBounds CsvFormat::bounds(std::string_view text, bool final) {
  const std::size_t newline = find_byte(text, '\n');
  const auto line = text.substr(0, newline);
  if (find_byte(line, '"') != kNone) return quoted_bounds(text, final);
  if (line.size() > row_bytes_ + 1) return too_long_row(text, newline);
  if (newline == kNone && (!final || text.empty())) return {};
  if (without_cr(line).size() > row_bytes_) return too_long_row(text, newline);
  return whole_row(text, newline, false, 0);
}

/// The first line holds a quote. Looks no further than row_bytes, so that the answer is the same for every
/// page cut.
RowBounds CsvFormat::quoted_bounds(std::string_view text, bool final) const {
  const std::size_t window_bytes = row_bytes_ + 2;  // the content and CRLF
  const auto window = text.substr(0, window_bytes);
  const bool cut_off = window.size() == window_bytes;  // no row of allowed length goes on behind it
  std::uint32_t lines = 0;
  std::size_t line_start = 0;
  const auto bad = [&](std::size_t at, const char* reason) {
    RowBounds out = too_long_row(text, find_byte(text, '\n', at));
    if (out.open_ended && !final && !cut_off) return RowBounds{};
    out.lines += lines;
    out.bad_line = lines;
    out.bad_column = at - line_start + 1;
    out.reason = reason;
    return out;
  };
  // Only the first line is given up: what follows may well be rows.
  const auto bad_first_line = [&](std::uint32_t line, std::size_t column, const char* reason) {
    lines = 0;
    line_start = 0;
    auto out = bad(0, reason);
    out.bad_line = line;
    out.bad_column = column;
    return out;
  };
  constexpr const char* kTooLong = "the row is longer than allowed (limit row_bytes)";
  std::size_t at = 0;
  for (;;) {
    if (at < window.size() && window[at] == '"') {
      const std::size_t open = at;
      const std::uint32_t open_line = lines;
      const std::size_t open_line_start = line_start;
      for (++at;; at += 2) {
        const std::size_t quote = find_byte(window, '"', at);
        for (std::size_t end = find_byte(window.substr(0, quote), '\n', at); end != kNone;
             end = find_byte(window.substr(0, quote), '\n', end + 1)) {
          ++lines;
          line_start = end + 1;
        }
        if (quote == kNone || (quote + 1 == window.size() && !final && !cut_off)) {
          if (!final && !cut_off) return {};
          return bad_first_line(open_line, open - open_line_start + 1, "a quote is opened and never closed");
        }
        at = quote;
        if (quote + 1 >= window.size() || window[quote + 1] != '"') break;
      }
      ++at;
    } else {
      while (at < window.size() && window[at] != delimiter_ && window[at] != '\n') ++at;
    }
    if (at >= window.size()) {
      if (cut_off) return bad_first_line(0, 1, kTooLong);
      return final ? whole_row(text, kNone, true, lines) : RowBounds{};
    }
    if (window[at] == '\r' && at + 1 == window.size() && !cut_off) {
      return final ? whole_row(text, kNone, true, lines) : RowBounds{};
    }
    if (window[at] == '\r' && at + 1 < window.size() && window[at + 1] == '\n') ++at;
    if (window[at] == '\n') {
      if (without_cr(window.substr(0, at)).size() > row_bytes_) {
        return bad_first_line(0, 1, kTooLong);
      }
      return whole_row(text, at, true, lines);
    }
    if (window[at] != delimiter_)
      return bad(at, "text follows a closing quote; a quote inside quotes is written \"\"");
    ++at;
  }
}

bool CsvFormat::split_plain(ListRow& row, RowBatch& batch) const {
  const std::string_view text = row.text;
  std::size_t start = 0;
  std::size_t column = 0;
  for (;;) {
    const std::size_t end = find_byte(text, delimiter_, start);
    if (column == columns_.size()) return false;
    batch.fields.push_back(
        {text.substr(start, end - start), static_cast<std::uint16_t>(column++), FieldKind::string});
    if (end == kNone) break;
    start = end + 1;
  }
  row.field_count = static_cast<std::uint32_t>(column);
  return column == columns_.size();
}

bool CsvFormat::split_quoted(ListRow& row, RowBatch& batch, Scratch& scratch) const {
  const std::string_view text = row.text;
  std::size_t at = 0;
  std::size_t column = 0;
  for (;;) {
    if (column == columns_.size()) return false;
    std::string_view value;
    if (at < text.size() && text[at] == '"') {
      const std::size_t start = ++at;
      std::size_t written = 0;
      std::size_t copied = start;  // up to here the value is in scratch
      for (;; at += 2) {
        at = find_byte(text, '"', at);
        if (at + 1 >= text.size() || text[at + 1] != '"') break;
        std::memcpy(scratch.at() + written, text.data() + copied, at + 1 - copied);
        written += at + 1 - copied;
        copied = at + 2;
      }
      if (written == 0) {
        value = text.substr(start, at - start);
      } else {
        std::memcpy(scratch.at() + written, text.data() + copied, at - copied);
        value = scratch.keep(written + at - copied);
      }
      ++at;
    } else {
      const std::size_t end = find_byte(text, delimiter_, at);
      value = text.substr(at, end - at);
      at = end == kNone ? text.size() : end;
    }
    batch.fields.push_back({value, static_cast<std::uint16_t>(column++), FieldKind::string});
    if (at >= text.size()) break;
    ++at;  // the delimiter
  }
  row.field_count = static_cast<std::uint32_t>(column);
  return column == columns_.size();
}

void CsvFormat::parse(const RowBounds& bounds, ListRow& row, RowBatch& batch, Scratch& scratch) {
  if (split(bounds, row, batch, scratch)) return;
  const std::size_t found = batch.fields.size() - row.first_field;
  auto reason = found == columns_.size()
                    ? fmt::format("the row has more than the {} fields of the header", columns_.size())
                    : fmt::format("the row has {} fields, the header {}", found, columns_.size());
  if (bounds.lines > 1) reason += fmt::format("; a quoted field takes it over {} lines", bounds.lines);
  batch.reject(row, row.line, 1, std::move(reason));
}

namespace {

/// The header by one delimiter; nothing when it does not end within the limits.
std::optional<CsvHeader> header_by(char delimiter, std::string_view text, bool final,
                                   const ListLimits& limits) {
  CsvFormat format(delimiter, std::vector<std::string>(limits.columns + 1), limits.row_bytes);
  const auto bounds = format.bounds(text, final);
  if (bounds.kind != RowBounds::Kind::row) return std::nullopt;
  ListRow row;
  row.text = text.substr(0, bounds.content);
  RowBatch batch;
  Scratch scratch(bounds.content + 1);
  format.split(bounds, row, batch,
               scratch);  // has room for one column more than allowed, so that excess shows
  CsvHeader out{delimiter, {}, bounds.consumed, bounds.lines};
  for (const auto& field : batch.fields) {
    auto name = field.text;
    while (!name.empty() && (name.front() == ' ' || name.front() == '\t')) name.remove_prefix(1);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    out.columns.emplace_back(name);
  }
  return out;
}

std::optional<Problem> check_names(const CsvHeader& header, const ListLimits& limits) {
  const auto& names = header.columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string what;
    if (names[i].empty()) what = fmt::format("column {} of the header has no name", i + 1);
    if (names[i].size() > limits.column_name_bytes) {
      what = fmt::format("the name of column {} has more than {} bytes", i + 1, limits.column_name_bytes);
    }
    const auto first = std::find(names.begin(), names.end(), names[i]) - names.begin();
    if (what.empty() && static_cast<std::size_t>(first) != i) {
      what = fmt::format("the header names the column `{}` twice (columns {} and {})", visible(names[i], 64),
                         first + 1, i + 1);
    }
    if (!what.empty()) return Problem{"", 1, 1, what};
  }
  return std::nullopt;
}

}  // namespace

std::expected<CsvHeader, Problem> read_csv_header(std::string_view text, bool final,
                                                  const ListLimits& limits) {
  const auto wrong = [](std::string what) { return std::unexpected(Problem{"", 1, 1, std::move(what)}); };
  const auto first_line = text.substr(0, find_byte(text, '\n'));
  if (find_byte(first_line, '\0') != kNone)
    return wrong("the header holds NUL bytes; save the list as UTF-8 text");
  if (!simdjson::validate_utf8(first_line.data(), first_line.size())) {
    return wrong("the header is no valid UTF-8; save the list as UTF-8");
  }
  if (find_byte(without_cr(first_line), '\r') != kNone) {
    return wrong("the lines of the list end with CR alone; save it with LF or CRLF line ends");
  }
  std::vector<CsvHeader> with_email;
  std::optional<CsvHeader> widest;
  for (const char delimiter : {',', ';', '\t'}) {
    auto header = header_by(delimiter, text, final, limits);
    if (!header) continue;
    if (std::find(header->columns.begin(), header->columns.end(), "email") != header->columns.end()) {
      with_email.push_back(*header);
    }
    if (!widest || header->columns.size() > widest->columns.size()) widest = std::move(header);
  }
  if (with_email.size() > 1 && with_email[0].columns.size() == 1 && with_email[1].columns.size() == 1) {
    with_email.resize(1);  // only the one column: any delimiter reads it alike
  }
  if (with_email.size() > 1)
    return wrong("the header has a column `email` by more than one delimiter; use commas only");
  if (with_email.empty()) {
    if (!widest) {
      return wrong(text.empty()
                       ? "the list is empty; its first line must name the columns, one of them `email`"
                       : "the header has no end within the allowed row length, or a quote it opens is "
                         "never closed");
    }
    static constexpr std::array<std::string_view, 1> kWanted = {"email"};
    for (const auto& name : widest->columns) {
      if (!nearest_name(name, kWanted).empty()) {
        return wrong(fmt::format("the header has no column `email`; rename `{}`", visible(name, 64)));
      }
    }
    return wrong("the header has no column `email` (names are separated by , or ; or tab)");
  }
  if (with_email[0].columns.size() > limits.columns) {
    return wrong(fmt::format("the header has more than the allowed {} columns", limits.columns));
  }
  if (auto problem = check_names(with_email[0], limits)) return std::unexpected(std::move(*problem));
  return std::move(with_email[0]);
}

}  // namespace sluice::campaign
