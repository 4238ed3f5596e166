// Files of suppressions, those of others and hostile ones.
#include "engine/suppression/import_row.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/base/json_text.hpp"

namespace sluice::suppression {
namespace {

const Entry kDefaults{.scope = Scope::tenant, .reason = Reason::imported, .tenant = "shop", .time_ms = 42};

ImportPart parsed(const std::string& text, const Entry& defaults = kDefaults) {
  const auto first = cut_row(text, true);
  const auto format = first ? ImportFormat::of(first->text) : fail(ErrorCode::invalid_input, "empty");
  if (!format) return {{}, {{1, format.error().text, {}}}, 0};
  return read_part(*format, text, 1, defaults);
}

TEST(ImportRow, OneAddressALineWithoutAHeader) {
  const auto part = parsed("ann@example.test\r\n\nBob@Example.test\n@dead.test\n");
  ASSERT_EQ(part.rows.size(), 3U);
  EXPECT_TRUE(part.bad.empty());
  EXPECT_EQ(part.blank, 1U);
  EXPECT_EQ(part.rows[1].subject.key, "bob@example.test");
  EXPECT_TRUE(part.rows[2].subject.is_domain());
  EXPECT_EQ(part.rows[0].entry.reason, Reason::imported);
  EXPECT_EQ(part.rows[0].entry.tenant, "shop");
}

TEST(ImportRow, OthersHeadersAndWordsAreUnderstood) {
  const auto ses = parsed(
      "EmailAddress,Reason,LastUpdateTime\na@x.test,BOUNCE,2026-01-02T03:04:05.678Z\n"
      "b@x.test,COMPLAINT,1767323045\n");
  ASSERT_EQ(ses.rows.size(), 2U);
  EXPECT_EQ(ses.rows[0].entry.reason, Reason::invalid_recipient);
  EXPECT_EQ(ses.rows[0].entry.time_ms, 1'767'323'045'678);
  EXPECT_EQ(ses.rows[1].entry.reason, Reason::complaint);
  EXPECT_EQ(ses.rows[1].entry.time_ms, 1'767'323'045'000);
  const auto postmark =
      parsed("\xef\xbb\xbf\"Email Address\";SuppressionReason\n\"c@x.test\";\"SpamComplaint\"\n");
  ASSERT_EQ(postmark.rows.size(), 1U) << postmark.bad.front().reason;
  EXPECT_EQ(postmark.rows[0].entry.reason, Reason::complaint);
  const auto odd = parsed("address\treason\nd@x.test\twhatever they mean\n");
  ASSERT_EQ(odd.rows.size(), 1U);
  EXPECT_EQ(odd.rows[0].entry.reason, Reason::imported);
}

TEST(ImportRow, WhatIsExportedIsImportedAsItWas) {
  const Entry entry{Scope::list,       Reason::unsubscribed, "a,b", "news\"x", "line\nbreak", "eve",
                    1'767'323'045'678, 1'800'000'000'000};
  auto text = export_header();
  append_export_row(text, "ann@example.test", entry.view());
  append_export_row(text, "@dead.test", Entry{.scope = Scope::global, .source = "x"}.view());
  const auto part = parsed(text);
  ASSERT_EQ(part.rows.size(), 2U) << part.bad.front().reason;
  const auto& back = part.rows[0].entry;
  EXPECT_TRUE(back.same_as(entry.view()));
  EXPECT_EQ(back.source, entry.source);
  EXPECT_EQ(back.by, entry.by);
  EXPECT_EQ(back.time_ms, entry.time_ms);
  EXPECT_EQ(back.expires_ms, entry.expires_ms);
  EXPECT_EQ(part.rows[1].entry.scope, Scope::global);
}

TEST(ImportRow, BadRowsAreNamedByLineAndTheOthersTaken) {
  const auto part = parsed(
      "email,scope,tenant,expires\n"
      "ann@example.test,,,\n"
      "not an address,,,\n"
      "bob@example.test,planet,,\n"
      "cy@example.test,,,soon\n"
      "\"open quote@example.test,,,\n"
      "dan@example.test,list,shop,\n"
      "eve@example.test,global,,\n");
  ASSERT_EQ(part.rows.size(), 2U);
  EXPECT_EQ(part.rows[1].subject.key, "eve@example.test");
  std::vector<std::uint64_t> lines;
  for (const auto& bad : part.bad) {
    lines.push_back(bad.line);
    EXPECT_FALSE(bad.reason.empty());
  }
  EXPECT_EQ(lines, (std::vector<std::uint64_t>{3, 4, 5, 6, 7}));
}

TEST(ImportRow, ATenantOrListInARowIsItsScope) {
  const auto part = parsed("email,tenant,list_id\na@x.test,,\nb@x.test,other,\nc@x.test,,news\n", Entry{});
  ASSERT_EQ(part.rows.size(), 3U) << part.bad.front().reason;
  EXPECT_EQ(part.rows[0].entry.scope, Scope::global);
  EXPECT_EQ(part.rows[1].entry.scope, Scope::tenant);
  EXPECT_EQ(part.rows[2].entry.scope, Scope::list);
  EXPECT_EQ(part.rows[2].entry.tenant, "default");
}

TEST(ImportRow, AFileThatNamesNoAddressIsRefused) {
  EXPECT_FALSE(ImportFormat::of("name,city"));
  EXPECT_FALSE(ImportFormat::of(""));
  EXPECT_FALSE(ImportFormat::of("email,address")) << "which of them?";
  EXPECT_FALSE(ImportFormat::of(std::string(3, '\0')));
}

TEST(ImportRow, AnUnclosedQuoteSpoilsItsLineOnly) {
  std::string text = "\"ann@example.test\nbob@example.test\n";
  EXPECT_FALSE(cut_row(text, false)) << "the quote may yet be closed";
  const auto row = cut_row(text, true);
  ASSERT_TRUE(row);
  EXPECT_NE(row->wrong, nullptr);
  EXPECT_EQ(row->consumed, 18U);
  text.append(kMaxRowBytes, 'x');
  EXPECT_NE(cut_row(text, false)->wrong, nullptr) << "not within 64 KiB";
  const auto quoted = cut_row("\"a\nb\",c\nrest", false);
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->text, "\"a\nb\",c");
  EXPECT_EQ(quoted->lines, 2U);
}

TEST(ImportRow, LongRowsAreRefusedWhole) {
  const auto text = std::string(200'000, 'a') + "@example.test\nbob@example.test\n";
  EXPECT_FALSE(cut_row(std::string_view(text).substr(0, 100'000), false));
  const auto part = read_part(*ImportFormat::of("ann@example.test"), text, 1, kDefaults);
  EXPECT_EQ(part.bad.size(), 1U);
  ASSERT_EQ(part.rows.size(), 1U);
}

TEST(ImportRow, AnyBytesGiveRowsOrReasonsAndNothingIsSkipped) {
  std::mt19937 random(7);
  const std::string alphabet = "a@.,\"\n\r\t;x \xff\x80\xc3";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t i = random() % 200; i > 0; --i) text.push_back(alphabet[random() % alphabet.size()]);
    std::uint64_t lines = 0;
    std::string_view rest = text;
    while (const auto row = cut_row(rest, true)) {
      ASSERT_GT(row->consumed, 0U);
      ASSERT_LE(row->consumed, rest.size());
      lines += row->lines;
      rest.remove_prefix(row->consumed);
    }
    EXPECT_TRUE(rest.empty());
    const auto whole = std::ranges::count(text, '\n') + (text.empty() || text.ends_with('\n') ? 0 : 1);
    EXPECT_EQ(lines, static_cast<std::uint64_t>(whole)) << text;
    const auto part = read_part(*ImportFormat::of("email,reason"), text, 2, kDefaults);
    for (const auto& bad : part.bad) {
      std::string_view shown = bad.text;
      while (!shown.empty() && utf8_length(shown) > 0) shown.remove_prefix(utf8_length(shown));
      EXPECT_TRUE(shown.empty()) << "no UTF-8: it could not be told in JSON";
    }
    for (const auto& addition : part.rows) EXPECT_TRUE(Subject::parse(addition.subject.key));
  }
}

TEST(ImportRow, TimesOfManyFormsAreRead) {
  EXPECT_EQ(parse_time("2026-01-02T03:04:05Z"), 1'767'323'045'000);
  EXPECT_EQ(parse_time("2026-01-02 03:04:05"), 1'767'323'045'000);
  EXPECT_EQ(parse_time("2026-01-02 03:04:05 UTC"), 1'767'323'045'000);
  EXPECT_EQ(parse_time("2026-01-02T04:04:05.1+01:00"), 1'767'323'045'000);
  EXPECT_EQ(parse_time("2026-01-02"), 1'767'312'000'000);
  EXPECT_EQ(parse_time("1767323045"), 1'767'323'045'000);
  for (const auto* bad :
       {"", "soon", "2026-13-01", "2026-02-30", "2026-01-02T25:00:00Z", "2026-01-02Tab:00:00Z", "-1767323045",
        "99999999999999999999", "2026-01-02T03:04:05+9"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

}  // namespace
}  // namespace sluice::suppression
