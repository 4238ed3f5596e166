#include "engine/message/html_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/message/template.hpp"
#include "tests/unit/message/json_row.hpp"

namespace sluice::message {
namespace {

using ::testing::HasSubstr;

std::string text_of(std::string_view html) {
  const auto text = text_from_html(html);
  return text ? *text : "refused: " + text.error().text;
}

/// The generated template, rendered.
std::string rendered(std::string_view html, std::string_view json) {
  const auto row = row_of(json);
  const auto compiled = Template::compile(text_of(html), Mode::text, row.layout);
  if (!compiled) return "does not compile: " + compiled.error().text;
  std::string out;
  EXPECT_TRUE(compiled->render({RowView(row.blob), {}}, out));
  return out;
}

TEST(HtmlText, ParagraphsHeadingsAndBreaks) {
  EXPECT_EQ(
      text_of("<h1>Big   news</h1><p>One\n two.</p><p>Three<br>four.</p><h2>Ümlaut</h2>text<h3>Third</h3>"),
      "Big news\n========\n\nOne two.\n\nThree\nfour.\n\nÜmlaut\n------\n\ntext\n\nThird\n");
  EXPECT_EQ(text_of("<div>a</div><div>b<div>c</div></div>d<hr>e"), "a\nb\nc\nd\n\n----------\n\ne\n");
  EXPECT_EQ(text_of(""), "");
  EXPECT_EQ(text_of("just words &amp; &lt;entities&gt; &copy;&nbsp;2026 &#8364;"),
            "just words & <entities> © 2026 €\n");
}

TEST(HtmlText, DropsWhatIsNotShown) {
  EXPECT_EQ(text_of("<html><head><title>T</title><style>p{}</style></head><body><script>x()</script>"
                    "<div style='Display: NONE;'>preheader {{x}}</div><span hidden>h</span>"
                    "<!-- note --><!--[if mso]><p>mso</p><![endif]--><p>shown</p></body></html>"),
            "shown\n");
}

TEST(HtmlText, LinksCarryTheirAddress) {
  EXPECT_EQ(text_of("See <a href=\"https://shop.test/a?b=1&amp;c=2\">our shop</a>."),
            "See our shop [https://shop.test/a?b=1&c=2].\n");
  EXPECT_EQ(
      text_of("<a href='https://shop.test/'>shop.test</a> <a href='mailto:a@shop.test'>a@shop.test</a>"),
      "shop.test a@shop.test\n");
  EXPECT_EQ(text_of("<a href='#top'>up</a> <a>none</a> <a href='javascript:x()'>js</a>"), "up none js\n");
  EXPECT_EQ(text_of("<a href='https://shop.test/x'><img src='cid:logo'></a>"), "https://shop.test/x\n");
  EXPECT_EQ(text_of("<a href='https://shop.test/x'><img alt='Logo' src='cid:logo'></a>"),
            "Logo [https://shop.test/x]\n");
  EXPECT_EQ(text_of("<a href='https://shop.test/a b'>x</a>"), "x [https://shop.test/a%20b]\n");
}

TEST(HtmlText, MergeTagsGoThrough) {
  EXPECT_EQ(text_of("<p>Dear {{first_name}}, {{{raw}}} &amp; {{& amp }}{{! gone }}!</p>"),
            "Dear {{first_name}}, {{{raw}}} & {{{amp}}}!\n");
  EXPECT_EQ(text_of("<a href=\"https://s.test/?u={{url id}}&amp;v={{v}}\">{{title}}</a>"),
            "{{title}} [https://s.test/?u={{url id}}&v={{v}}]\n");
  EXPECT_EQ(text_of("<a href={{link}}>go</a>"), "go [{{link}}]\n");
  EXPECT_EQ(text_of("<a href=\"{{unsubscribe_url}}\">{{unsubscribe_url}}</a>"), "{{unsubscribe_url}}\n");
  EXPECT_EQ(text_of("<img alt='Hi {{name}} there' src=x>"), "Hi {{name}} there\n");
  EXPECT_EQ(text_of("<p>Dear {{#if name}}{{name}}{{else}}friend{{/if}},</p>"),
            "Dear {{#if name}}{{name}}{{else}}friend{{/if}},\n");
}

TEST(HtmlText, SectionsAroundElementsLeaveNoLines) {
  constexpr std::string_view kHtml =
      "<p>Yours:</p>\n<ul>\n{{#each items}}\n<li>{{title}}{{#if gift}} (gift){{/if}}</li>\n{{/each}}\n</ul>\n"
      "{{#if vip}}<p>VIP</p>{{else}}<p>Join</p>{{/if}}<p>Bye</p>";
  EXPECT_EQ(text_of(kHtml),
            "Yours:\n\n{{#each items}}\n* {{title}}{{#if gift}} (gift){{/if}}\n{{/each}}\n{{#if "
            "vip}}\n\nVIP\n{{else}}\n\n"
            "Join\n{{/if}}\n\nBye\n");
  EXPECT_EQ(rendered(kHtml, R"({"items":[{"title":"Cup","gift":true},{"title":"Pen"}],"vip":1})"),
            "Yours:\n\n* Cup (gift)\n* Pen\n\nVIP\n\nBye\n");
  EXPECT_EQ(rendered(kHtml, R"({"items":[],"vip":0})"), "Yours:\n\n\nJoin\n\nBye\n");
}

TEST(HtmlText, SectionsBetweenTableRowsStayThere) {
  constexpr std::string_view kHtml =
      "<table><tr><th>Item</th><th>Price</th></tr>{{#each "
      "items}}<tr><td>{{title}}</td><td>{{price}}</td></tr>{{/each}}"
      "<tr><td>Total</td><td>&nbsp;</td><td>{{total}}</td></tr></table><p>End</p>";
  EXPECT_EQ(
      rendered(kHtml, R"({"items":[{"title":"Cup","price":"1"},{"title":"Pen","price":"2"}],"total":3})"),
      "Item | Price\nCup | 1\nPen | 2\nTotal | 3\n\nEnd\n");
}

TEST(HtmlText, LayoutTablesReadTopDown) {
  EXPECT_EQ(text_of("<table><tr><td><table><tr><td><p>Left</p></td></tr></table></td><td><p>Right</p></td></"
                    "tr></table>"),
            "Left\n\nRight\n");
}

TEST(HtmlText, ListsAndQuotesIndent) {
  EXPECT_EQ(text_of("<ol><li>one<li>two<ul><li>deep</ul></ol><blockquote><p>a</p><p>b</p></blockquote>"),
            "1. one\n2. two\n   * deep\n\n> a\n>\n> b\n");
  EXPECT_EQ(text_of("<ol>{{#each l}}<li>{{.}}</li>{{/each}}</ol>"), "{{#each l}}\n* {{.}}\n{{/each}}\n")
      << "what a section repeats cannot be numbered";
  EXPECT_EQ(text_of("<pre>a  b\n  {{x}}\n</pre>"), "a  b\n  {{x}}\n");
}

TEST(HtmlText, WrapsAt78Columns) {
  std::string html = "<ul><li>";
  for (int i = 0; i < 60; ++i)
    html += "wörd" + std::to_string(i) + " {{a name}} ";  // not a valid tag: replaced below
  for (auto at = html.find("{{a name}}"); at != std::string::npos; at = html.find("{{a name}}")) {
    html.replace(at, 10, "{{url name}}");
  }
  const auto text = text_of(html);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const auto end = text.find('\n', at);
    const auto line = text.substr(at, end - at);
    EXPECT_LE(line.size() - static_cast<std::size_t>(std::ranges::count(line, '\xc3')), 78U) << line;
    EXPECT_TRUE(line.starts_with(lines == 0 ? "* " : "  ")) << line;
    EXPECT_EQ(std::ranges::count(line, '{'), std::ranges::count(line, '}')) << "a tag was cut: " << line;
    at = end + 1;
  }
  EXPECT_GT(lines, 10U);
  const std::string url = "https://shop.test/" + std::string(200, 'x');
  EXPECT_THAT(text_of("<p>go <a href='" + url + "'>here</a></p>"), HasSubstr("\n[" + url + "]\n"))
      << "never broken";
}

TEST(HtmlText, LiteralBracesDoNotBecomeTags) {
  const auto text = text_of("<p>&#123;&#123;x}} and {&#123;y}}</p>");
  EXPECT_EQ(text, "{ {x}} and { {y}}\n");
}

TEST(HtmlText, SectionsInCommentsCount) {
  EXPECT_EQ(rendered("<!-- {{#if a}} --><p>A</p><!-- {{/if}} --><p>B</p>", R"({"a":false})"), "\nB\n");
}

TEST(HtmlText, ErrorsSayWhatToDo) {
  EXPECT_THAT(text_of("<p>{{x</p>"), HasSubstr("line 1, column 4"));
  EXPECT_THAT(text_of("{{> part}}"), HasSubstr("partials"));
  EXPECT_THAT(text_of("<div style='display:none'>{{#if a}}</div>x{{/if}}"), HasSubstr("give a text part"));
}

TEST(HtmlText, LimitsHold) {
  EXPECT_EQ(text_from_html("12345", {.max_source_bytes = 4}).error().code, ErrorCode::limit);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<div>";
  EXPECT_EQ(text_from_html(deep).error().code, ErrorCode::limit);
  std::string unclosed;
  for (int i = 0; i < 300; ++i) unclosed += "<font size=" + std::to_string(i) + "><p>";
  for (int i = 0; i < 20'000; ++i) unclosed += "<p>x";
  EXPECT_EQ(text_from_html(unclosed).error().code, ErrorCode::limit);
  std::string wide = "<p";
  for (int i = 0; i < 600; ++i) wide += " a" + std::to_string(i) + "=1";
  EXPECT_EQ(text_from_html(wide + ">x").error().code, ErrorCode::limit);
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "<p>unclosed paragraph<li>item<br>";
  EXPECT_TRUE(text_from_html(many).has_value()) << "flat, however long";
}

TEST(HtmlText, AnyBytesGiveATemplateOrAnError) {
  const std::vector<std::string> pieces = {"<p>",
                                           "</p>",
                                           "<a href=\"",
                                           "\">",
                                           "{{x}}",
                                           "{{#if x}}",
                                           "{{/if}}",
                                           "<table>",
                                           "<tr>",
                                           "<td>",
                                           "</table>",
                                           "<ul><li>",
                                           "{{else}}",
                                           "<!--",
                                           "-->",
                                           "text ",
                                           "<",
                                           ">",
                                           "'",
                                           "\xee\x80\x80",
                                           "0\xee\x80\x81",
                                           "\xff",
                                           "<style>",
                                           "</style>",
                                           "&#123;",
                                           "{",
                                           "<pre>",
                                           "</pre>",
                                           "\n",
                                           "<b>",
                                           "</b>",
                                           "{{#each l}}",
                                           "{{/each}}",
                                           "<br>",
                                           "<h1>",
                                           "</h1>",
                                           "<blockquote>",
                                           "\xc3",
                                           std::string(1, '\0')};
  std::mt19937 random(17);
  std::size_t made = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string html;
    for (auto left = random() % 14; left > 0; --left) html += pieces[random() % pieces.size()];
    if (text_from_html(html)) ++made;
  }
  EXPECT_GT(made, 5000U);
}

}  // namespace
}  // namespace sluice::message
