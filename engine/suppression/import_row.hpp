// Rows of a file of suppressions: ours (`suppress export`), a provider's CSV, or one address a line.
//
// With a header, columns are known by their names in any order, those of others too (SendGrid, Mailgun,
// Postmark, Amazon SES, Mailchimp call the address `email`, `address`, `EmailAddress`, `Email Address`);
// unknown columns are skipped. Without one, the first field is the address. A field may be quoted and then
// hold anything; a quote that is not closed within kMaxRowBytes spoils its own line only.
//
// Pure; input is hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/suppression/changes.hpp"

namespace sluice::suppression {

inline constexpr std::size_t kMaxRowBytes = 64 * 1024;
inline constexpr std::size_t kMaxColumns = 256;

/// The row at the front of a text.
struct CutRow {
  std::string_view text;     ///< without its line end
  std::size_t consumed = 0;  ///< bytes of the text
  std::uint64_t lines = 0;
  const char* wrong = nullptr;  ///< why it is no row: then `text` is its first line, or the start of that
};

/// Nothing: there is no whole row yet. `final`: nothing comes behind the text.
[[nodiscard]] std::optional<CutRow> cut_row(std::string_view text, bool final);

class ImportFormat {
 public:
  enum class Column : std::uint8_t { other, address, scope, tenant, list, reason, source, time, expires, by };

  /// By the first row of a file. invalid_input: neither a header that names the address nor an address.
  [[nodiscard]] static Expected<ImportFormat> of(std::string_view first_row);
  [[nodiscard]] bool has_header() const { return header_; }

  /// What the row asks for; fields it lacks are those of `defaults`. The error says what is wrong with it.
  [[nodiscard]] Expected<Addition> read(std::string_view row, const Entry& defaults) const;

 private:
  char delimiter_ = ',';
  bool header_ = false;
  std::vector<Column> columns_;
};

struct BadRow {
  std::uint64_t line = 0;  ///< its first
  std::string reason;
  std::string text;  ///< as it stands, cut; bytes that are no UTF-8 as \xNN
};

struct ImportPart {
  std::vector<Addition> rows;
  std::vector<BadRow> bad;
  std::uint64_t blank = 0;
};

/// All rows of a text that ends with one; `line` is the number of its first line. The header is no row.
[[nodiscard]] ImportPart read_part(const ImportFormat& format, std::string_view text, std::uint64_t line,
                                   const Entry& defaults);

/// "2026-11-26T08:00:00Z", "2026-11-26 08:00:00", "2026-11-26" (UTC), or seconds since 1970; milliseconds.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text);

/// Ours, the header and rows of an export.
[[nodiscard]] std::string export_header();
void append_export_row(std::string& out, std::string_view subject, const EntryView& entry);

}  // namespace sluice::suppression
