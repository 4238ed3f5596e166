#include "engine/message/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/message/json_row.hpp"

namespace sluice::message {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string render(std::string_view source, Mode mode, std::string_view json = "{}",
                   const Pairs& defaults = {}, const Extras& extras = {},
                   const TemplateOptions& options = {}) {
  const auto row = row_of(json);
  const auto compiled = Template::compile(source, mode, row.layout, defaults, options);
  if (!compiled) return "does not compile: " + compiled.error().text;
  std::string out = "^";
  const auto done = compiled->render({RowView(row.blob), extras}, out);
  if (!done) {
    EXPECT_EQ(out, "^") << "a failed render left bytes behind";
    return "does not render: " + done.error().text;
  }
  return out.substr(1);
}

std::string why_not(std::string_view source, Mode mode = Mode::html) {
  const auto compiled = Template::compile(source, mode, RowLayout{});
  return compiled ? "compiled" : compiled.error().text;
}

TEST(Template, EscapesForItsMode) {
  constexpr std::string_view kRow = R"({"x":"a&b<c>d\"e'f\r\ng"})";
  EXPECT_EQ(render("{{x}}", Mode::html, kRow), "a&amp;b&lt;c&gt;d&quot;e&#39;f\r\ng");
  EXPECT_EQ(render("{{{x}}}{{&x}}", Mode::html, kRow), "a&b<c>d\"e'f\r\nga&b<c>d\"e'f\r\ng");
  EXPECT_EQ(render("{{x}}", Mode::text, kRow), "a&b<c>d\"e'f\r\ng");
  EXPECT_EQ(render("{{x}}", Mode::header, kRow), "a&b<c>d\"e'f  g");
}

TEST(Template, NoLineBreakOrZeroByteEntersAHeader) {
  EXPECT_EQ(render("Hello\r\n{{x}}", Mode::header, R"({"x":"a\u0000b\nBcc: y"})"), "Hello  a b Bcc: y");
  EXPECT_EQ(render("{{#x}}{{.}}{{/x}}", Mode::header, R"({"x":["a\n","\rb"]})"), "a  b");
  EXPECT_EQ(render("{{x}}", Mode::header, R"({"x":["a\n","\rb"]})"), "a , b");
  EXPECT_EQ(render("{{y}}", Mode::header, "{}", {{"y", "d\r\nX: 1"}}), "d  X: 1");
  EXPECT_THAT(why_not("{{{x}}}", Mode::header), HasSubstr("not allowed in a header; write {{x}}"));
  EXPECT_THAT(why_not("{{&x}}", Mode::header), HasSubstr("not allowed in a header"));
}

TEST(Template, UrlKeepsOnlyUnreservedBytes) {
  constexpr std::string_view kRow = R"({"url":"u","x":"A-z_0.9~ /?&=+%é\n"})";
  EXPECT_EQ(render("{{url x}}", Mode::html, kRow), "A-z_0.9~%20%2F%3F%26%3D%2B%25%C3%A9%0A");
  EXPECT_EQ(render("{{url x}}", Mode::header, kRow), "A-z_0.9~%20%2F%3F%26%3D%2B%25%C3%A9%0A");
  EXPECT_EQ(render("{{url}}", Mode::html, kRow), "u") << "alone, url is a name";
  EXPECT_THAT(why_not("{{{url x}}}"), HasSubstr("always encoded; write {{url x}}"));
}

TEST(Template, ValuesComeFromEngineThenRowThenDefaults) {
  Extras extras;
  extras.set(Extra::unsubscribe_url, "https://m.test/u/1");
  extras.set(Extra::email, "ann@shop.test");
  const Pairs defaults = {
      {"first_name", "friend"}, {"name", "you"}, {"order.total", "0.00"}, {"empty", "filled"}};
  const auto of = [&](std::string_view source, std::string_view row) {
    return render(source, Mode::text, row, defaults, extras);
  };
  EXPECT_EQ(of("{{unsubscribe_url}}", R"({"unsubscribe_url":"http://evil.test"})"), "https://m.test/u/1");
  EXPECT_EQ(of("{{email}}", "{}"), "ann@shop.test");
  EXPECT_EQ(of("{{name}}", R"({"name":"Ann"})"), "Ann") << "the engine has no name: the row's counts";
  EXPECT_EQ(of("{{name}}", R"({"name":""})"), "you");
  EXPECT_EQ(of("{{first_name}}", "{}"), "friend");
  EXPECT_EQ(of("{{first_name}}", R"({"first_name":null})"), "friend");
  EXPECT_EQ(of("{{first_name}}", R"({"first_name":0})"), "0") << "zero is a value";
  EXPECT_EQ(of("{{#if empty}}{{empty}}{{/if}}", R"({"empty":""})"), "filled") << "sections see defaults too";
  EXPECT_EQ(of("{{order.total}}", R"({"order":{}})"), "0.00");
  EXPECT_EQ(of("{{order.total}}", R"({"order":{"total":"9"}})"), "9");
  EXPECT_EQ(of("{{#p}}{{email}} {{first_name}}{{/p}}", R"({"p":{"email":"own"}})"), "own friend")
      << "a section's members come first";
}

TEST(Template, ReadsFlatRowsByColumn) {
  const auto layout = RowLayout::of({"a", "b", "c"}).value();
  const auto compiled = Template::compile("{{c}}-{{a}}-{{b}}-{{c}}", Mode::text, layout).value();
  std::string blob;
  encode_row(std::array<std::string_view, 3>{"1", "2", "3"}, blob);
  std::string out;
  ASSERT_TRUE(compiled.render({RowView(blob), {}}, out));
  EXPECT_EQ(out, "3-1-2-3");
  blob.clear();
  encode_row(std::array<std::string_view, 1>{"1"}, blob);
  out.clear();
  ASSERT_TRUE(compiled.render({RowView(blob), {}}, out));
  EXPECT_EQ(out, "-1--");
  out.clear();
  ASSERT_TRUE(compiled.render({}, out));
  EXPECT_EQ(out, "---");
}

TEST(Template, ManyNamesFit) {
  std::string source;
  std::string json = "{";
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    source += "{{n" + std::to_string(i) + "}}";
    json += (i ? ",\"n" : "\"n") + std::to_string(199 - i) + "\":\"" + std::to_string(199 - i) + "\"";
    expected += std::to_string(i);
  }
  EXPECT_EQ(render(source, Mode::text, json + "}"), expected);
}

TEST(Template, ErrorsNameThePlaceAndTheRemedy) {
  EXPECT_EQ(why_not("a\nbü{{> x}}"),
            "line 2, column 3: partials ({{> x}}) are not supported; put the text in the template itself");
  EXPECT_THAT(why_not("{{=<% %>=}}"), HasSubstr("delimiters cannot be changed"));
  EXPECT_THAT(why_not("{{<parent}}{{/parent}}"), HasSubstr("inheritance"));
  EXPECT_THAT(why_not("{{~x}}"), HasSubstr("whitespace control"));
  EXPECT_THAT(why_not("{{{{raw}}}}"), HasSubstr("line 1, column 1: "));
  EXPECT_THAT(why_not("x {{name"), StartsWith("line 1, column 3: this tag is never closed; \"}}\""));
  EXPECT_THAT(why_not("{{{name}}"), HasSubstr("\"}}}\" would close it"));
  EXPECT_THAT(why_not("{{}}"), HasSubstr("empty"));
  EXPECT_THAT(why_not("{{& }}"), HasSubstr("empty"));
  EXPECT_THAT(why_not("{{First Name}}"), HasSubstr("write {{[First Name]}}"));
  EXPECT_THAT(why_not("{{a..b}}"), HasSubstr("empty part"));
  EXPECT_THAT(why_not("{{a.}}"), HasSubstr("ends in a dot"));
  EXPECT_THAT(why_not("{{a(b)}}"), HasSubstr("'(' cannot be in one"));
  EXPECT_THAT(why_not("{{[a}}"), HasSubstr("lacks its closing ]"));
  EXPECT_THAT(why_not("{{[a]b}}"), HasSubstr("only a dot may follow"));
  EXPECT_THAT(why_not("{{#a}}\n{{/b}}"), HasSubstr("{{/a}} is due, for the one opened at line 1, column 1"));
  EXPECT_THAT(why_not("{{#if a}}{{/a}}"), HasSubstr("{{/if}} is due"));
  EXPECT_THAT(why_not("{{/a}}"), HasSubstr("closes nothing"));
  EXPECT_THAT(why_not("\n {{#a}}"), StartsWith("line 2, column 2: this block is never closed; {{/a}}"));
  EXPECT_THAT(why_not("{{#if}}{{/if}}"), HasSubstr("if needs one name"));
  EXPECT_THAT(why_not("{{#if a b}}{{/if}}"), HasSubstr("one name and nothing else"));
  EXPECT_THAT(why_not("{{#with a}}{{/with}}"), HasSubstr("no block helper \"with\""));
  EXPECT_THAT(why_not("{{#}}{{/}}"), HasSubstr("no name"));
  EXPECT_THAT(why_not("{{else}}"), HasSubstr("outside every block"));
  EXPECT_THAT(why_not("{{#if a}}{{else}}{{else}}{{/if}}"), HasSubstr("a second {{else}}"));
  EXPECT_THAT(why_not("{{#if a}}{{else when b}}{{/if}}"), HasSubstr("\"else when b\" is not known"));
  EXPECT_THAT(why_not("{{.}}"), HasSubstr("only inside a section"));
  EXPECT_THAT(why_not("{{../a}}"), HasSubstr("only inside a section"));
  EXPECT_THAT(why_not("{{#if a}}{{@index}}{{/if}}"), HasSubstr("only inside a section"));
  EXPECT_THAT(why_not("{{#each a}}{{@count}}{{/each}}"), HasSubstr("there are @index"));
  EXPECT_THAT(why_not("{{@root}}"), HasSubstr("@root.NAME"));
}

TEST(Template, NamesWithSpacesGoInBrackets) {
  EXPECT_EQ(
      render("{{[First Name]}} {{p.[a b].c}}", Mode::text, R"({"First Name":"Ann","p":{"a b":{"c":1}}})"),
      "Ann 1");
}

TEST(Template, ListsTheNamesItUses) {
  const auto layout = RowLayout::of({"a"}).value();
  const auto compiled = Template::compile("{{a}} {{b}}\n{{#c}}{{d.e}}{{a}}{{/c}} {{email}}{{f}}", Mode::text,
                                          layout, Pairs{{"f", "x"}})
                            .value();
  std::string seen;
  for (const auto& v : compiled.variables()) {
    seen += v.name + (v.known ? "+" : "?") + std::to_string(v.line) + ":" + std::to_string(v.column) +
            (v.in_section ? "s " : " ");
  }
  EXPECT_EQ(seen, "a+1:1 b?1:7 c?2:1 d.e?2:7s email+2:26 f+2:35 ");
}

TEST(Template, LiteralsAreMappedOnceAndValuesEncoded) {
  const auto row = row_of(R"({"x":"<1>","l":["a","b"],"e":""})");
  const auto compiled =
      Template::compile("one{{! gone }}two{{x}}three{{e}}{{#l}}-{{.}}{{/l}}end", Mode::html, row.layout)
          .value();
  std::vector<std::string> literals;
  const auto mapped = compiled.map_literals([&](std::string_view text) {
    literals.emplace_back(text);
    return "[" + std::string(text) + "]";
  });
  EXPECT_EQ(literals, (std::vector<std::string>{"onetwo", "three", "-", "end"}));
  std::string out;
  std::size_t calls = 0;
  const auto encode = [&](std::string_view value, std::string& to) {
    ++calls;
    to += '(';
    to += value;
    to += ')';
  };
  ASSERT_TRUE(mapped.render({RowView(row.blob), {}}, out, encode));
  EXPECT_EQ(out, "[onetwo](&lt;1&gt;)[three][-](a)[-](b)[end]");
  EXPECT_EQ(calls, 3U) << "nothing to encode in an empty value";
  out.clear();
  ASSERT_TRUE(compiled.render({RowView(row.blob), {}}, out));
  EXPECT_EQ(out, "onetwo&lt;1&gt;three-a-bend") << "the first one is unchanged";
  EXPECT_EQ(compiled.literal_bytes(), 15U);
  EXPECT_FALSE(compiled.constant());
  EXPECT_TRUE(Template::compile("a{{! b }}c", Mode::html, {}).value().constant());
}

TEST(Template, LimitsHold) {
  const auto limited = [](std::string_view source, std::string_view row, const TemplateOptions& options) {
    return render(source, Mode::text, row, {}, {}, options);
  };
  EXPECT_THAT(limited("12345", "{}", {.max_source_bytes = 4}), HasSubstr("at most 4"));
  EXPECT_THAT(limited("{{#a}}{{#b}}{{/b}}{{/a}}", "{}", {.max_depth = 1}), HasSubstr("deeper than 1"));
  EXPECT_THAT(limited("{{#a}}{{^b}}{{/b}}{{/a}}", "{}", {.max_depth = 1}), HasSubstr("deeper than 1"));
  EXPECT_THAT(limited("{{a}}{{b}}{{c}}", "{}", {.max_segments = 2}), HasSubstr("more than 2 tags"));
  EXPECT_EQ(limited("{{a}}{{a}}", R"({"a":"12"})", {.max_output_bytes = 4}), "1212");
  EXPECT_THAT(limited("{{a}}{{a}}x", R"({"a":"12"})", {.max_output_bytes = 4}),
              HasSubstr("max_output_bytes"));
  EXPECT_THAT(limited("{{a}}", R"({"a":["1234","5678"]})", {.max_output_bytes = 4}),
              HasSubstr("max_output_bytes"));
  // Each level names the same list again: 10^9 turns without a byte of output.
  std::string many;
  for (int i = 0; i < 9; ++i) many += "{{#each @root.l}}";
  for (int i = 0; i < 9; ++i) many += "{{/each}}";
  EXPECT_THAT(limited(many, R"({"l":[1,2,3,4,5,6,7,8,9,0]})", {}), HasSubstr("max_steps"));
}

TEST(Template, DamagedRowsFailAndNothingIsSent) {
  const auto row = row_of(R"({"a":"text","l":[{"k":"v"},{"k":["w",1]}],"o":{"x":{"y":2}}})");
  const auto compiled = Template::compile(
                            "{{a}}{{#each l}}{{@index}}{{k}}{{#k}}{{.}}{{/k}}{{/each}}{{o.x.y}}{{#each "
                            "o}}{{@key}}{{y}}{{/each}}",
                            Mode::html, row.layout)
                            .value();
  std::string whole;
  ASSERT_TRUE(compiled.render({RowView(row.blob), {}}, whole));
  EXPECT_EQ(whole, "text0vv1w,1w12x2");
  for (std::size_t cut = 1; cut < row.blob.size(); ++cut) {
    std::string out = "kept";
    const auto done = compiled.render({RowView(std::string_view(row.blob).substr(0, cut)), {}}, out);
    ASSERT_FALSE(done) << cut;
    EXPECT_EQ(done.error().code, ErrorCode::corrupt);
    EXPECT_EQ(out, "kept");
  }
  std::mt19937 random(3);
  for (int round = 0; round < 50'000; ++round) {
    auto bytes = row.blob;
    for (int i = 0; i < 2; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    std::string out;
    (void)compiled.render({RowView(bytes), {}}, out);
  }
}

TEST(Template, AnySourceCompilesOrIsRefused) {
  const auto row = row_of(R"({"a":"1","l":[1,{"a":2},[3]],"o":{"a":{"b":1}}})");
  const std::vector<std::string> pieces = {
      "{{",      "}}",     "{{{",         "}}}",       "#",        "^",      "/",      "a",
      "l",       "o",      ".",           "..",        "../",      " ",      "\n",     "if ",
      "each ",   "else",   "{{#each l}}", "{{/each}}", "{{else}}", "{{#o}}", "{{/o}}", "{{this}}",
      "@index",  "[",      "]",           "!",         "--",       "url ",   "é",      "{{#if a}}",
      "{{/if}}", "{{#l}}", "{{/l}}",      "{{../a}}",  "{{a}}"};
  std::mt19937 random(5);
  std::size_t compiled_ones = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string source;
    for (auto left = random() % 12; left > 0; --left) source += pieces[random() % pieces.size()];
    const auto mode = static_cast<Mode>(random() % 3);
    const auto compiled = Template::compile(source, mode, row.layout);
    if (!compiled) {
      ASSERT_THAT(compiled.error().text, StartsWith("line ")) << source;
      continue;
    }
    ++compiled_ones;
    std::string out;
    ASSERT_TRUE(compiled->render({RowView(row.blob), {}}, out)) << source;
  }
  EXPECT_GT(compiled_ones, 5000U);
}

}  // namespace
}  // namespace sluice::message
