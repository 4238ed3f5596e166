// Nothing that others wrote may steer a terminal.
#include "engine/app/terminal.hpp"

#include <gtest/gtest.h>

#include "engine/app/campaign_view.hpp"
#include "engine/app/table.hpp"

namespace sluice::app {
namespace {

TEST(SafeText, ControlBytesBecomeVisible) {
  EXPECT_EQ(safe_text("a\x1b[31mred\x1b[0m"), "a\\x1b[31mred\\x1b[0m");
  EXPECT_EQ(safe_text("\r\n\t\a\b"), "\\r\\n\\t\\x07\\x08");
  EXPECT_EQ(safe_text(std::string_view("a\0b\x7f", 4)), "a\\x00b\\x7f");
  EXPECT_EQ(safe_text("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
}

TEST(SafeText, C1ControlsAreNoWayAround) {
  EXPECT_EQ(safe_text("\xc2\x9b"
                      "31m"),
            "\\u{9b}31m");
  EXPECT_EQ(safe_text("\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(SafeText, BidiAndInvisibleControlsBecomeVisible) {
  EXPECT_EQ(safe_text("a\u202eb"), "a\\u{202e}b");
  EXPECT_EQ(safe_text("\u2066x\u2069"), "\\u{2066}x\\u{2069}");
  EXPECT_EQ(safe_text("a\u200bb\ufeff"), "a\\u{200b}b\\u{feff}");
  EXPECT_EQ(safe_text("\U000e0041"), "\\u{e0041}");
}

TEST(SafeText, InvalidUtf8BecomesVisibleByteByByte) {
  EXPECT_EQ(safe_text("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(safe_text("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(safe_text("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(safe_text("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(safe_text("\xe2\x82"), "\\xe2\\x82");  // cut short
}

TEST(SafeText, OrdinaryTextIsUntouched) {
  const std::string text = "Grüße, 世界 😀 C:\\path \"quoted\"";
  EXPECT_EQ(safe_text(text), text);
}

TEST(SafeText, EveryByteValueGivesPrintableUtf8) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b), 'z'};
      const auto safe = safe_text(text);
      EXPECT_EQ(safe_text(safe), safe);
      for (const char c : safe) {
        const auto byte = static_cast<unsigned char>(c);
        EXPECT_TRUE(byte >= 0x20 && byte != 0x7f);
      }
    }
  }
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("世界"), 4u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(cut_to("世界abc", 4), "世…");
  EXPECT_EQ(cut_to("abc", 3), "abc");
  EXPECT_EQ(cut_to("abcd", 0), "");
  EXPECT_EQ(pad_to("ab", 4, true), "  ab");
}

TEST(TableText, FitsTheTerminalAndIsSafe) {
  Terminal terminal;
  terminal.is_tty = true;
  terminal.width = 40;
  Table table({{"NAME"}, {"COUNT", Table::Align::right}});
  table.add({std::string(100, 'x') + "\x1b[2J", "1,234"});
  const auto text = table.text(terminal);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    EXPECT_LE(display_width(std::string_view(text).substr(at, end - at)), 40u);
    at = end + 1;
  }
  EXPECT_NE(text.find("1,234"), std::string::npos);
}

TEST(TableText, IsWholeInAPipe) {
  Terminal pipe;
  pipe.width = 40;
  Table table({{"NAME"}});
  table.add({std::string(100, 'x')});
  EXPECT_NE(table.text(pipe).find(std::string(100, 'x')), std::string::npos);
}

TEST(Numbers, AreGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
  EXPECT_EQ(grouped(-1234), "-1,234");
  EXPECT_EQ(short_duration(3.9), "3s");
  EXPECT_EQ(short_duration(200), "3m20s");
  EXPECT_EQ(short_duration(18'120), "5h02m");
  EXPECT_EQ(short_duration(-5), "0s");
}

TEST(Bar, HasAlwaysItsWidth) {
  for (const double done : {-1.0, 0.0, 0.01, 0.5, 0.999, 1.0, 7.0})
    EXPECT_EQ(display_width(bar(done, 20)), 20u) << done;
  EXPECT_EQ(bar(0.5, 4), "██  ");
}

TEST(ProgressLines, FitTheTerminalAndFoldSmallProviders) {
  CampaignView view;
  view.id = "autumn\x1b[2J";
  view.state = "sending";
  view.total.injected = 1'000'000;
  view.total.delivered = 400'000;
  view.total.rate = 12'345;
  view.eta_s = 49;
  for (int i = 0; i < 30; ++i) {
    Progress provider;
    provider.name = "provider-" + std::to_string(i);
    provider.injected = 1000 - i;
    view.providers.push_back(provider);
  }
  Terminal terminal;
  terminal.width = 60;
  const auto lines = progress_lines(view, terminal, 5);
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_NE(lines.back().find("26 others"), std::string::npos);
  for (const auto& line : lines) {
    EXPECT_LE(display_width(line), 60u);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::app
