#include "engine/suppression/import_row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "engine/base/json_text.hpp"

namespace sluice::suppression {
namespace {

using Column = ImportFormat::Column;

struct Name {
  std::string_view name;  ///< lower-case letters only
  Column column;
};
constexpr std::array kNames{
    Name{"address", Column::address},
    Name{"email", Column::address},
    Name{"emailaddress", Column::address},
    Name{"recipient", Column::address},
    Name{"mail", Column::address},
    Name{"scope", Column::scope},
    Name{"tenant", Column::tenant},
    Name{"list", Column::list},
    Name{"listid", Column::list},
    Name{"reason", Column::reason},
    Name{"suppressionreason", Column::reason},
    Name{"type", Column::reason},
    Name{"source", Column::source},
    Name{"time", Column::time},
    Name{"created", Column::time},
    Name{"createdat", Column::time},
    Name{"lastupdatetime", Column::time},
    Name{"expires", Column::expires},
    Name{"by", Column::by},
};

struct Word {
  std::string_view word;
  Reason reason;
};
/// What others call them; see import_row.hpp for whom.
constexpr std::array kWords{
    Word{"unsubscribed", Reason::unsubscribed},
    Word{"complaint", Reason::complaint},
    Word{"inactive", Reason::inactive},
    Word{"manual", Reason::manual},
    Word{"unsubscribe", Reason::unsubscribed},
    Word{"unsubscribes", Reason::unsubscribed},
    Word{"optout", Reason::unsubscribed},
    Word{"spam", Reason::complaint},
    Word{"spamcomplaint", Reason::complaint},
    Word{"spamreport", Reason::complaint},
    Word{"complaints", Reason::complaint},
    Word{"abuse", Reason::complaint},
    Word{"bounce", Reason::invalid_recipient},
    Word{"bounces", Reason::invalid_recipient},
    Word{"hardbounce", Reason::invalid_recipient},
    Word{"cleaned", Reason::invalid_recipient},
    Word{"invalid", Reason::invalid_recipient},
    Word{"manualsuppression", Reason::manual},
};

std::string letters_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') out.push_back(static_cast<char>(c + 32));
    if (c >= 'a' && c <= 'z') out.push_back(c);
  }
  return out;
}

Column column_of(std::string_view name) {
  if (name.find_first_of(",;\t\"") != std::string_view::npos) return Column::other;  // by another delimiter
  const auto letters = letters_of(name);
  const auto found = std::ranges::find(kNames, std::string_view(letters), &Name::name);
  return found == kNames.end() ? Column::other : found->column;
}

/// A text nobody knows is a reason of theirs, not an error.
Reason reason_in(std::string_view text) {
  if (const auto ours = reason_of(text)) return *ours;
  const auto letters = letters_of(text);
  const auto found = std::ranges::find(kWords, std::string_view(letters), &Word::word);
  return found == kWords.end() ? Reason::imported : found->reason;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

/// Nothing: a quote is not closed, or there are too many.
std::optional<std::vector<std::string>> fields_of(std::string_view row, char delimiter) {
  std::vector<std::string> out;
  for (std::size_t at = 0;;) {
    if (out.size() == kMaxColumns) return std::nullopt;
    auto& field = out.emplace_back();
    if (at < row.size() && row[at] == '"') {
      for (++at;; ++at) {
        const auto quote = row.find('"', at);
        if (quote == std::string_view::npos) return std::nullopt;
        field.append(row.substr(at, quote - at));
        at = quote + 1;
        if (at >= row.size() || row[at] != '"') break;
        field.push_back('"');
      }
    }
    const auto end = std::min(row.find(delimiter, at), row.size());
    field.append(row.substr(at, end - at));
    if (end == row.size()) return out;
    at = end + 1;
  }
}

/// Valid UTF-8; what is none becomes a visible \xNN.
std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = utf8_length(text);
    length == 0 ? out.append(fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front())))
                : out.append(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

/// Of "", "T08:00:00Z", " 08:00:00.123+01:00"; -1 s where it is none of these.
std::chrono::milliseconds seconds_in_day(std::string_view text) {
  using namespace std::chrono;
  constexpr milliseconds kNone{-1000};
  const auto two = [&](std::size_t at) {
    int value = -1;
    return text.size() >= at + 2 && read_number(text.substr(at, 2), value) ? value : -1;
  };
  if (text.empty()) return milliseconds(0);
  if (text.size() < 9 || (text[0] != 'T' && text[0] != ' ') || text[3] != ':' || text[6] != ':') return kNone;
  const int hour = two(1), minute = two(4), second = two(7);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return kNone;
  milliseconds out = hours(hour) + minutes(minute) + seconds(second);
  text.remove_prefix(9);
  if (text.starts_with('.')) {
    const auto digits = std::min(text.find_first_not_of("0123456789", 1), text.size());
    int thousandths = 0;
    if (!read_number(text.substr(1, std::min<std::size_t>(3, digits - 1)), thousandths)) return kNone;
    if (digits == 4) out += milliseconds(thousandths);
    text.remove_prefix(digits);
  }
  if (text.empty() || text == "Z" || text == " UTC") return out;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || two(1) < 0 || two(4) < 0) return kNone;
  const auto zone = hours(two(1)) + minutes(two(4));
  return text[0] == '+' ? std::max<milliseconds>(milliseconds(0), out - zone) : out + zone;
}

void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace

std::optional<CutRow> cut_row(std::string_view text, bool final) {
  const auto newline = text.find('\n');
  const bool line_whole = newline != std::string_view::npos;
  const auto line = text.substr(0, newline);
  const auto first = [&](const char* wrong) {
    return CutRow{line.substr(0, kMaxRowBytes), line_whole ? newline + 1 : text.size(), 1, wrong};
  };
  if (line.size() > kMaxRowBytes) {
    if (!line_whole && !final) return std::nullopt;
    return first("the row is longer than 65,536 bytes");
  }
  if (!line_whole && (!final || text.empty())) return std::nullopt;
  if (line.find('"') == std::string_view::npos) return first(nullptr);
  bool quoted = false;
  std::uint64_t lines = 1;
  for (std::size_t at = 0; at < text.size() && at <= kMaxRowBytes; ++at) {
    if (text[at] == '"') quoted = !quoted;  // "" inside quotes closes and opens again
    if (text[at] != '\n') continue;
    if (!quoted) return CutRow{text.substr(0, at), at + 1, lines, nullptr};
    ++lines;
  }
  if (!quoted && final && text.size() <= kMaxRowBytes) return CutRow{text, text.size(), lines, nullptr};
  if (!final && text.size() <= kMaxRowBytes) return std::nullopt;
  return first("a quote is opened and not closed");
}

Expected<ImportFormat> ImportFormat::of(std::string_view first_row) {
  if (first_row.starts_with("\xef\xbb\xbf")) first_row.remove_prefix(3);
  ImportFormat out;
  for (const char delimiter : {',', ';', '\t'}) {
    const auto fields = fields_of(trimmed(first_row), delimiter);
    if (!fields) continue;
    std::vector<Column> columns;
    for (const auto& field : *fields) columns.push_back(column_of(field));
    if (std::ranges::count(columns, Column::address) != 1) continue;
    out.delimiter_ = delimiter;
    out.header_ = true;
    out.columns_ = std::move(columns);
    return out;
  }
  out.columns_ = {Column::address};
  for (const char delimiter : {',', ';', '\t'}) {
    const auto fields = fields_of(trimmed(first_row), delimiter);
    if (!fields || !Subject::parse(fields->front())) continue;
    out.delimiter_ = delimiter;
    return out;
  }
  return fail(ErrorCode::invalid_input,
              "line 1 has neither a column `email` or `address`, nor an address in its first field");
}

Expected<Addition> ImportFormat::read(std::string_view row, const Entry& defaults) const {
  auto fields = fields_of(row, delimiter_);
  if (!fields)
    return fail(ErrorCode::invalid_input, "a quote is not closed, or there are more than 256 fields");
  Addition out;
  out.entry = defaults;
  bool scoped = false;
  std::string address;
  for (std::size_t i = 0; i < fields->size() && i < columns_.size(); ++i) {
    const auto field = trimmed((*fields)[i]);
    if (field.empty()) continue;
    auto& entry = out.entry;
    switch (columns_[i]) {
      case Column::address:
        address = field;
        break;
      case Column::tenant:
        entry.tenant = field;
        break;
      case Column::list:
        entry.list_id = field;
        break;
      case Column::source:
        entry.source = field;
        break;
      case Column::by:
        entry.by = field;
        break;
      case Column::reason:
        entry.reason = reason_in(field);
        break;
      case Column::scope: {
        const auto scope = scope_of(field);
        if (!scope) return fail(ErrorCode::invalid_input, "the scope is none of global, tenant, list");
        entry.scope = *scope;
        scoped = true;
        break;
      }
      case Column::time:
        entry.time_ms = parse_time(field).value_or(entry.time_ms);
        break;
      case Column::expires: {
        const auto expires = parse_time(field);
        if (!expires)
          return fail(ErrorCode::invalid_input, "`expires` is no time such as 2026-12-31T00:00:00Z");
        entry.expires_ms = *expires;
        break;
      }
      case Column::other:
        break;
    }
  }
  if (!scoped && !out.entry.list_id.empty()) out.entry.scope = Scope::list;
  if (!scoped && out.entry.scope == Scope::global && !out.entry.tenant.empty())
    out.entry.scope = Scope::tenant;
  if (out.entry.scope == Scope::list && out.entry.tenant.empty()) out.entry.tenant = "default";
  if (scoped && out.entry.scope != Scope::list) out.entry.list_id.clear();
  if (scoped && out.entry.scope == Scope::global) out.entry.tenant.clear();
  auto subject = Subject::parse(address);
  if (!subject) return std::unexpected(subject.error());
  out.subject = std::move(*subject);
  if (auto sound = out.entry.check(); !sound) return std::unexpected(sound.error());
  return out;
}

ImportPart read_part(const ImportFormat& format, std::string_view text, std::uint64_t line,
                     const Entry& defaults) {
  constexpr std::size_t kShown = 200;
  ImportPart out;
  while (!text.empty()) {
    const auto row = cut_row(text, true);
    const auto bad = [&](std::string why) {
      out.bad.push_back({line, std::move(why), shown(trimmed(row->text).substr(0, kShown))});
    };
    const auto content = trimmed(row->text);
    if (row->wrong != nullptr) {
      bad(row->wrong);
    } else if (content.empty()) {
      ++out.blank;
    } else if (line > 1 || !format.has_header()) {
      auto read = format.read(line == 1 && content.starts_with("\xef\xbb\xbf") ? content.substr(3) : content,
                              defaults);
      read ? out.rows.push_back(std::move(*read)) : bad(read.error().text);
    }
    line += row->lines;
    text.remove_prefix(row->consumed);
  }
  return out;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  std::int64_t seconds = 0;
  if (text.size() >= 9 && read_number(text, seconds)) {
    if (seconds < 0 || seconds > 32'503'680'000) return std::nullopt;  // the year 3000
    return seconds * 1000;
  }
  const auto part = [&](std::size_t at, std::size_t size) {
    int value = -1;
    return text.size() >= at + size && read_number(text.substr(at, size), value) ? value : -1;
  };
  using namespace std::chrono;
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const year_month_day day{year(part(0, 4)), month(static_cast<unsigned>(part(5, 2))),
                           std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  if (!day.ok() || part(0, 4) < 1970) return std::nullopt;
  const auto of_day = seconds_in_day(text.substr(10));
  if (of_day < milliseconds(0)) return std::nullopt;
  const auto at = sys_days(day) + of_day;
  return duration_cast<milliseconds>(at.time_since_epoch()).count();
}

std::string export_header() { return "address,scope,tenant,list_id,reason,time,expires,source,by\n"; }

void append_export_row(std::string& out, std::string_view subject, const EntryView& entry) {
  const auto time = to_rfc3339(from_ms(entry.time_ms));
  const auto expires = entry.expires_ms == 0 ? std::string() : to_rfc3339(from_ms(entry.expires_ms));
  for (const auto field : {subject, std::string_view(name_of(entry.scope)), entry.tenant, entry.list_id,
                           std::string_view(name_of(entry.reason)), std::string_view(time),
                           std::string_view(expires), entry.source}) {
    append_field(out, field);
    out.push_back(',');
  }
  append_field(out, entry.by);
  out.push_back('\n');
}

}  // namespace sluice::suppression
