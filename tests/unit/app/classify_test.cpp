// The verbs `classify` and `feedback`, run in-process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/app/command_line.hpp"
#include "engine/app/message_files.hpp"

namespace sluice::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Classify : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice_classify_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    write("sluice.toml", "data_dir = \"data\"\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.end(), {"--config", (folder_ / "sluice.toml").string()});
    Context context{out_, err_, Terminal{}, false, {}, kExitOk};
    return run_command_line(std::move(arguments), context);
  }
  boost::json::object json() const { return boost::json::parse(out_.str()).as_object(); }

  std::string bounce(const std::string& who) const {
    return "Return-Path: <>\nFrom: MAILER-DAEMON@mx.test\nSubject: failure notice\n\n<" + who +
           ">:\nSorry, no mailbox here by that name. (#5.1.1)\n\n";
  }

  std::filesystem::path folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Classify, AReplyHasClassRuleAndAction) {
  EXPECT_EQ(run({"classify", "--json", "--reply", "550 5.1.1 <ann@example.net>: User unknown"}), kExitOk);
  EXPECT_EQ(json().at("class"), "invalid-recipient");
  EXPECT_EQ(json().at("decided_by"), "text");
  EXPECT_EQ(json().at("action").at("recipient"), "suppress");
  EXPECT_EQ(run({"classify", "--reply", "421 4.7.28 unusual rate"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("class      rate-limit"));
  EXPECT_EQ(run({"classify", "--reply", "250 ok"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("no refusal"));
  EXPECT_EQ(run({"classify", "--stage", "rctp", "--reply", "550 x"}), kExitUsage);
  EXPECT_EQ(run({"classify"}), kExitUsage);
}

TEST_F(Classify, OwnRulesOfTheConfigurationAndOfTheCommandLine) {
  const auto own = write("own.toml", "[[rule]]\nid = \"own\"\nclass = \"dns\"\ntext = 'zorgle'\n");
  EXPECT_EQ(run({"classify", "--json", "--rules", own, "--reply", "550 zorgle"}), kExitOk);
  EXPECT_EQ(json().at("rule"), "own");
  write("sluice.toml", "data_dir = \"data\"\n[bounce]\nrules = \"own.toml\"\n");
  EXPECT_EQ(run({"classify", "--json", "--reply", "550 zorgle"}), kExitOk);
  EXPECT_EQ(json().at("rule"), "own");
  write("own.toml", "[[rule]]\nid = \"own\"\nclas = \"dns\"\ntext = 'zorgle'\n");
  EXPECT_EQ(run({"classify", "--reply", "550 zorgle"}), kExitConfig);
  EXPECT_THAT(err_.str(), HasSubstr("own.toml:3: unknown key `clas`; did you mean `class`?"));
}

TEST_F(Classify, ReplayShowsWhatRulesWouldChange) {
  write("data/events/1.jsonl", R"({"event":"bounced","class":"policy","stage":"rcpt",)"
                               R"("reply":{"code":550,"enhanced":"5.7.1","text":"zorgle"}})"
                               "\n"
                               R"({"event":"deferred","class":"greylist","stage":"rcpt",)"
                               R"("reply":{"code":450,"enhanced":"4.2.0","text":"Greylisted"}})"
                               "\n"
                               R"({"event":"delivered","reply":{"code":250,"enhanced":"2.0.0","text":"ok"}})"
                               "\nnot json\n");
  const auto folder = (folder_ / "data/events").string();
  EXPECT_EQ(run({"classify", "--replay", folder, "--json"}), kExitOk);
  EXPECT_EQ(json().at("refusals"), 2);
  EXPECT_EQ(json().at("unreadable"), 1);
  EXPECT_TRUE(json().at("changes").as_array().empty());
  const auto own = write("own.toml", "[[rule]]\nid = \"own\"\nclass = \"inactive\"\ntext = 'zorgle'\n");
  EXPECT_EQ(run({"classify", "--replay", folder, "--rules", own, "--json"}), kExitFailures);
  const auto changed = json();
  const auto& change = changed.at("changes").as_array().at(0);
  EXPECT_EQ(change.at("before"), "policy");
  EXPECT_EQ(change.at("now"), "inactive");
  EXPECT_EQ(change.at("effect"), "suppresses");
  EXPECT_EQ(run({"classify", "--replay", "--rules", own}), kExitFailures);  // data_dir/events by itself
  EXPECT_THAT(out_.str(), HasSubstr("zorgle"));
  EXPECT_EQ(run({"classify", "--unknown", "--json"}), kExitOk);
  EXPECT_EQ(json().at("unknown").as_array().at(0).at("text"), "zorgle");
  EXPECT_EQ(run({"classify", "--replay", (folder_ / "none.jsonl").string()}), kExitData);
}

TEST_F(Classify, FeedbackReadsFilesMboxAndMaildir) {
  const auto one = write("one.eml", bounce("ann@example.net"));
  write("Maildir/new/1", bounce("bob@example.net"));
  write("Maildir/cur/2", bounce("carla@example.net"));
  write("Maildir/tmp/3", bounce("dora@example.net"));
  const auto mbox =
      write("mbox", "From x Mon Jan 1 00:00:00 2026\n" + bounce("emil@example.net") +
                        "\nFrom y Mon Jan 1 00:00:00 2026\nFrom: a@b.test\nSubject: hi\n\n>From me\n");
  EXPECT_EQ(run({"feedback", "--json", one, (folder_ / "Maildir").string(), mbox}), kExitOk);
  std::vector<std::string> recipients;
  std::istringstream lines(out_.str());
  for (std::string line; std::getline(lines, line);) {
    const auto object = boost::json::parse(line).as_object();
    recipients.emplace_back(object.at("recipient").as_string());
    EXPECT_EQ(object.at("class"), recipients.back().empty() ? "none" : "hard") << line;
  }
  EXPECT_THAT(recipients,
              ElementsAre("ann@example.net", "bob@example.net", "carla@example.net", "emil@example.net", ""));
  EXPECT_EQ(run({"feedback", one}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("invalid-recipient"));
  EXPECT_EQ(run({"feedback", (folder_ / "absent").string()}), kExitData);
}

TEST(MessageFiles, LinesOfAnMboxAreUnquotedAndLongMessagesCut) {
  const auto path = std::string(testing::TempDir()) + "sluice_mbox";
  std::ofstream(path) << "From x\nA: b\n\n>From here\n>>From there\nFrom no blank line before\n";
  std::vector<std::string> seen;
  MessageFilesOptions options;
  ASSERT_TRUE(
      each_message(path, [&](const auto&, std::string_view bytes) { seen.emplace_back(bytes); }, options));
  EXPECT_THAT(seen, ElementsAre("A: b\n\nFrom here\n>From there\nFrom no blank line before\n"));
  seen.clear();
  options.message_bytes = 6;
  ASSERT_TRUE(
      each_message(path, [&](const auto&, std::string_view bytes) { seen.emplace_back(bytes); }, options));
  EXPECT_LE(seen.at(0).size(), 7U);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace sluice::app
