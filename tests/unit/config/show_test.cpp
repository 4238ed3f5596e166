#include "config/show.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "config/reload.hpp"
#include "config/schema.hpp"

namespace sluice::config {
namespace {

std::string file_text() {
  std::ifstream in(SLUICE_SOURCE_DIR "/config/sluice.toml");
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(SluiceToml, IsWhatTheSchemaSays) {
  const auto file = file_text();
  const auto wanted = reference();
  const auto differs = std::ranges::mismatch(file, wanted);
  const auto at = static_cast<std::size_t>(differs.in1 - file.begin());
  EXPECT_TRUE(file == wanted) << "run: sluice config reference > config/sluice.toml; they differ behind:\n"
                              << file.substr(at < 200 ? 0 : at - 200, std::min<std::size_t>(at, 200));
}

TEST(SluiceToml, AsItStandsIsTheDefaults) {
  const auto loaded = load_text(file_text(), "sluice.toml");
  const auto defaults = load_text("", "sluice.toml");
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  EXPECT_EQ(diff(defaults->config, loaded->config), std::vector<Change>{});
}

TEST(SluiceToml, WithEveryKeyTakenInIsRight) {
  LoadOptions options;
  options.check_files = false;
  const auto text = std::regex_replace(file_text(), std::regex("(^|\n)#([a-z\\[])"), "$1$2");
  const auto loaded = load_text(text, "sluice.toml", options);
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  for (const auto& section : sections()) {
    for (const auto& field : section.fields) {
      EXPECT_TRUE(loaded->origins.contains(path_of(section, 0, field.key)))
          << section.name << " " << field.key;
    }
  }
}

TEST(Schema, DefaultsAreInsideTheirOwnRanges) {
  for (const auto& setting : settings(*load_text("", "c.toml"))) {
    if (setting.value == "\"\"" || setting.value == "[]") continue;
    const auto dot = setting.path.find('.');
    const auto text = dot == std::string::npos ? setting.path + " = " + setting.value
                                               : "[" + setting.path.substr(0, dot) + "]\n" +
                                                     setting.path.substr(dot + 1) + " = " + setting.value;
    const auto loaded = load_text(text, "c.toml");
    EXPECT_TRUE(loaded) << to_text(loaded.error());
  }
}

TEST(Schema, KeysOfASectionDiffer) {
  for (const auto& section : sections()) {
    std::set<std::string_view> keys;
    for (const auto& field : section.fields) {
      EXPECT_TRUE(keys.insert(field.key).second) << section.name << " " << field.key;
      EXPECT_FALSE(field.doc.empty()) << field.key;
    }
  }
}

TEST(Settings, SayWhereEachCameFrom) {
  const auto loaded = load_text(
      "[delivery]\nsmtp_port = 2500\n[[source]]\nname = \"a\"\naddress = \"127.0.0.1\"\n", "c.toml");
  ASSERT_TRUE(loaded);
  std::map<std::string, Setting> by_path;
  for (auto& setting : settings(*loaded)) by_path.emplace(setting.path, setting);
  EXPECT_EQ(by_path.at("delivery.smtp_port").value, "2500");
  EXPECT_EQ(by_path.at("delivery.smtp_port").origin, "c.toml:2");
  EXPECT_EQ(by_path.at("delivery.idle").origin, "default");
  EXPECT_EQ(by_path.at("source[0].address").value, "\"127.0.0.1\"");
  EXPECT_TRUE(by_path.at("log.level").live);
  EXPECT_FALSE(by_path.contains("pool[0].name"));
}

TEST(ToToml, EscapesSoThatItParsesBack) {
  const std::string odd =
      "a\"b\\c\nd\te\x7f"
      "ü";
  const auto loaded = load_text("data_dir = " + to_toml(Value("/" + odd)) + "\n", "c.toml");
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  EXPECT_EQ(loaded->config.data_dir, "/" + odd);
}

}  // namespace
}  // namespace sluice::config
