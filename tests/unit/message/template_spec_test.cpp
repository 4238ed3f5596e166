// The official tables: the Mustache specification's own tests, and what Handlebars gives for its block
// helpers.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "engine/message/template.hpp"
#include "tests/unit/message/json_row.hpp"

namespace sluice::message {
namespace {

struct Case {
  std::string name;
  std::string source;
  std::string expected;
  JsonRow row;
};

/// Tests share the file's "data" object, or have their own.
std::vector<Case> cases_of(const std::string& file, bool shared) {
  std::vector<Case> cases;
  simdjson::ondemand::parser parser;
  const auto text =
      simdjson::padded_string::load(std::string(SLUICE_SOURCE_DIR "/tests/data/") + file).value();
  JsonRow row;
  if (shared) {
    auto first_read = parser.iterate(text);
    row = row_of(first_read["data"].get_object().value());
  }
  auto document = parser.iterate(text);
  for (auto test : document["tests"].get_array()) {
    Case c;
    c.name = file + ": " + std::string(test["name"].get_string().value());
    c.source = test["template"].get_string().value();
    c.expected = test["expected"].get_string().value();
    if (shared) {
      c.row = row;
    } else {
      c.row = row_of(test["data"].get_object().value());
    }
    cases.push_back(std::move(c));
  }
  return cases;
}

void expect_all(const std::string& file, std::size_t at_least, bool shared = false) {
  const auto cases = cases_of(file, shared);
  EXPECT_GE(cases.size(), at_least) << file << " lost tests";
  for (const auto& c : cases) {
    const auto compiled = Template::compile(c.source, Mode::html, c.row.layout);
    ASSERT_TRUE(compiled.has_value()) << c.name << ": " << compiled.error().text;
    std::string out;
    const auto done = compiled->render({RowView(c.row.blob), {}}, out);
    ASSERT_TRUE(done.has_value()) << c.name << ": " << done.error().text;
    EXPECT_EQ(out, c.expected) << c.name << "\n" << c.source;
  }
}

TEST(TemplateSpec, Comments) { expect_all("mustache/comments.json", 11); }
TEST(TemplateSpec, Interpolation) { expect_all("mustache/interpolation.json", 30); }
TEST(TemplateSpec, InvertedSections) { expect_all("mustache/inverted.json", 21); }
TEST(TemplateSpec, Sections) { expect_all("mustache/sections.json", 25); }
TEST(TemplateSpec, LaterVersions) { expect_all("mustache/later.json", 10); }
TEST(TemplateSpec, HandlebarsBlockHelpers) { expect_all("handlebars/blocks.json", 100, true); }

}  // namespace
}  // namespace sluice::message
