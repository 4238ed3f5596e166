// The command line run in-process: exit codes and what is said, without and with a service.
#include "engine/app/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CommandLine : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice_app_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    config_ = (folder_ / "sluice.toml").string();
    write("sluice.toml", "data_dir = \"data\"\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    Context context{out_, err_, Terminal{}, false, {}, kExitOk};
    return run_command_line(std::move(arguments), context);
  }
  int run_with_config(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", config_});
    return run(std::move(arguments));
  }

  void write_campaign(const std::string& more = "") const {
    write("autumn/campaign.toml",
          "from = \"Shop <news@shop.test>\"\nsubject = \"Hello {{first_name}}\"\ntext = \"template.txt\"\n"
          "recipients = \"recipients.csv\"\npostal_address = \"1 Test Street\"\n" +
              more);
    write("autumn/template.txt", "Dear {{first_name}}, see us at 1 Test Street.\n");
    write("autumn/recipients.csv",
          "email,first_name\nann@example.test,Ann\nnonsense,Bob\ncat@example.test,Cat\n");
  }

  std::filesystem::path folder_;
  std::string config_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLine, WrongUseIs64) {
  EXPECT_EQ(run({}), kExitUsage);
  EXPECT_EQ(run({"nonsense"}), kExitUsage);
  EXPECT_THAT(err_.str(), StartsWith("sluice: "));
  EXPECT_EQ(run({"campaign"}), kExitUsage);
  EXPECT_EQ(run({"campaign", "pause"}), kExitUsage);
  EXPECT_EQ(run({"queue", "summary", "--by", "colour"}), kExitUsage);
  EXPECT_EQ(run({"events", "--after", "-1"}), kExitUsage);
  EXPECT_EQ(run({"dkim", "keygen", "--domain", "shop.test", "--selector", "s1", "--bits", "512"}),
            kExitUsage);
}

TEST_F(CommandLine, HelpAndVersionAre0) {
  EXPECT_EQ(run({"--help"}), kExitOk);
  for (const auto& verb : all_verbs()) {
    EXPECT_THAT(out_.str(), HasSubstr(std::string(verb.name)));
  }
  EXPECT_EQ(run({"--help"}), kExitOk);
  EXPECT_EQ(run({"version"}), kExitOk);
  EXPECT_EQ(out_.str(), std::string("sluice ") + kVersion + "\n");
  EXPECT_EQ(run({"version", "--json"}), kExitOk);
  EXPECT_EQ(out_.str(), std::string("{\"version\":\"") + kVersion + "\"}\n");
}

TEST_F(CommandLine, EveryVerbsHelpHasAnExample) {
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"send"},
                                                                                    {"preview"},
                                                                                    {"check"},
                                                                                    {"config", "show"},
                                                                                    {"config", "reference"},
                                                                                    {"reload"},
                                                                                    {"campaign", "list"},
                                                                                    {"campaign", "show"},
                                                                                    {"campaign", "pause"},
                                                                                    {"campaign", "resume"},
                                                                                    {"campaign", "cancel"},
                                                                                    {"queue", "summary"},
                                                                                    {"events"},
                                                                                    {"dkim", "keygen"},
                                                                                    {"dkim", "check"},
                                                                                    {"version"}}) {
    auto arguments = verb;
    arguments.push_back("--help");
    EXPECT_EQ(run(arguments), kExitOk) << verb.front();
    EXPECT_THAT(out_.str(), HasSubstr("Example:\n  sluice " + verb.front()));
    EXPECT_THAT(out_.str(), HasSubstr("--config FILE"));
    EXPECT_THAT(out_.str(), HasSubstr("--json"));
  }
}

TEST_F(CommandLine, WrongConfigurationIs78AndNamesEveryPlace) {
  write("sluice.toml", "workers = -1\n[delivery]\nsmtp_prot = 25\n");
  for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
           {"check"}, {"config", "show"}, {"campaign", "list"}, {"events"}}) {
    EXPECT_EQ(run_with_config(verb), kExitConfig) << verb.front();
    EXPECT_EQ(err_.str(), config_ + ":1:11: `workers`: -1 is outside 0 to 256 threads\n" + config_ +
                              ":3:1: unknown key `smtp_prot` in [delivery]; did you mean `smtp_port`?\n");
  }
  EXPECT_EQ(run_with_config({"check", "--json"}), kExitConfig);
  EXPECT_THAT(err_.str(), HasSubstr("\"problems\":[{\"file\":"));
  EXPECT_EQ(run({"check", "--config", "/nonexistent.toml"}), kExitConfig);
}

TEST_F(CommandLine, ConfigFileComesFromTheEnvironmentWhenNotGiven) {
  ::setenv("SLUICE_CONFIG", config_.c_str(), 1);
  EXPECT_EQ(run({"check"}), kExitOk);
  EXPECT_EQ(out_.str(), config_ + ": ok\n");
  ::setenv("SLUICE_CONFIG", "/nonexistent.toml", 1);
  EXPECT_EQ(run({"check"}), kExitConfig);
  EXPECT_EQ(run_with_config({"check"}), kExitOk);
  ::unsetenv("SLUICE_CONFIG");
}

TEST_F(CommandLine, ConfigShowSaysWhereKeysWereSet) {
  EXPECT_EQ(run_with_config({"config", "show", "--changed"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("data_dir"));
  EXPECT_THAT(out_.str(), testing::Not(HasSubstr("smtp_port")));
  EXPECT_EQ(run_with_config({"config", "show", "--json"}), kExitOk);
  EXPECT_THAT(
      out_.str(),
      HasSubstr("{\"key\":\"delivery.smtp_port\",\"value\":\"25\",\"origin\":\"default\",\"live\":false}"));
  EXPECT_EQ(run({"config", "reference"}), kExitOk);
  EXPECT_THAT(out_.str(), StartsWith("# sluice.toml"));
}

TEST_F(CommandLine, WithoutAServiceVerbsThatNeedOneAre69) {
  write_campaign();
  for (const std::vector<std::string>& verb :
       std::vector<std::vector<std::string>>{{"campaign", "list"},
                                             {"campaign", "show", "x"},
                                             {"campaign", "cancel", "x"},
                                             {"queue", "summary"},
                                             {"reload"},
                                             {"events", "--follow"}}) {
    EXPECT_EQ(run_with_config(verb), kExitUnavailable) << verb.front();
    EXPECT_THAT(err_.str(), HasSubstr("no service answers on " + (folder_ / "data/control.sock").string()));
  }
  EXPECT_EQ(run_with_config({"send", (folder_ / "autumn").string()}), kExitUnavailable);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "data/spool/incoming/autumn"));
}

TEST_F(CommandLine, EventsAreReadFromTheFilesOfAStoppedService) {
  write("data/events/000001.jsonl",
        "{\"seq\":1,\"event\":\"injected\"}\n{\"seq\":2,\"event\":\"delivered\",\"campaign\":\"a\"}\n");
  write("data/events/000002.jsonl", "{\"seq\":3,\"event\":\"bounced\",\"campaign\":\"a\"}\n{\"seq\":4,\"ev");
  EXPECT_EQ(run_with_config({"events", "--after", "1"}), kExitOk);
  EXPECT_EQ(out_.str(),
            "{\"seq\":2,\"event\":\"delivered\",\"campaign\":\"a\"}\n{\"seq\":3,\"event\":\"bounced\","
            "\"campaign\":\"a\"}\n");
  EXPECT_THAT(err_.str(), HasSubstr("no service answers; reading"));
  EXPECT_EQ(run_with_config({"events", "--event", "bounced"}), kExitOk);
  EXPECT_EQ(out_.str(), "{\"seq\":3,\"event\":\"bounced\",\"campaign\":\"a\"}\n");
}

TEST_F(CommandLine, CheckReadsACampaignToItsLastRow) {
  write_campaign();
  EXPECT_EQ(run_with_config({"check", (folder_ / "autumn").string()}), kExitOk) << out_.str() << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("autumn: ok, 3 rows, 1 rejected\n"));
  EXPECT_EQ(run_with_config({"send", "--dry-run", "--json", (folder_ / "autumn").string()}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("\"rows\":3,\"rejected\":1"));
}

TEST_F(CommandLine, CheckRefusesAWrongCampaignWith65) {
  write_campaign("subjct = \"x\"\n");
  EXPECT_EQ(run_with_config({"check", (folder_ / "autumn").string()}), kExitData);
  EXPECT_THAT(out_.str(), HasSubstr("campaign.toml:6:1: "));
  EXPECT_EQ(run_with_config({"check", (folder_ / "nothing").string()}), kExitData);
}

TEST_F(CommandLine, PreviewShowsOneRow) {
  write_campaign();
  const auto directory = (folder_ / "autumn").string();
  EXPECT_EQ(run_with_config({"preview", directory, "--row", "3"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("To: cat@example.test\nSubject: Hello Cat\n\nDear Cat, "));
  EXPECT_EQ(run_with_config({"preview", directory, "--json"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("\"subject\":\"Hello Ann\""));
  EXPECT_EQ(run_with_config({"preview", directory, "--raw"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("Subject: Hello Ann\r\n"));
  EXPECT_EQ(run_with_config({"preview", directory, "--row", "2"}), kExitData);
  EXPECT_THAT(err_.str(), HasSubstr("row 2 is rejected"));
  EXPECT_EQ(run_with_config({"preview", directory, "--row", "9"}), kExitData);
  EXPECT_THAT(err_.str(), HasSubstr("recipients.csv has only 3 rows"));
  EXPECT_EQ(run_with_config({"preview", directory, "--row", "0"}), kExitUsage);
}

TEST_F(CommandLine, SendDetachedDropsTheWholeDirectoryAtOnce) {
  write_campaign();
  std::filesystem::create_directories(folder_ / "data/spool/incoming");
  const auto directory = (folder_ / "autumn").string();
  EXPECT_EQ(run_with_config({"send", directory, "--detach"}), kExitOk) << err_.str();
  EXPECT_TRUE(std::filesystem::exists(folder_ / "data/spool/incoming/autumn/campaign.toml"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "autumn/campaign.toml"));
  EXPECT_EQ(run_with_config({"send", directory, "--detach"}), kExitData);
  EXPECT_THAT(err_.str(), HasSubstr("waits there already"));
}

TEST_F(CommandLine, SendTestKeepsOneRowAndItsOwnId) {
  write_campaign("id = \"autumn-2026\"\nstart = 2030-01-01T00:00:00Z\n");
  std::filesystem::create_directories(folder_ / "data/spool/incoming");
  EXPECT_EQ(run_with_config({"send", (folder_ / "autumn").string(), "--detach", "--test", "me@shop.test"}),
            kExitOk)
      << err_.str();
  std::filesystem::path dropped;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "data/spool/incoming"))
    dropped = entry.path();
  EXPECT_THAT(dropped.filename().string(), StartsWith("autumn-2026-test-"));
  EXPECT_EQ(run_with_config({"check", dropped.string()}), kExitOk) << out_.str();
  EXPECT_THAT(out_.str(), HasSubstr("ok, 1 rows, 0 rejected"));
  EXPECT_EQ(run_with_config({"preview", dropped.string()}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("To: me@shop.test\nSubject: Hello Ann\n"));
}

TEST_F(CommandLine, SendRefusesLinksAndAMissingSpool) {
  write_campaign();
  EXPECT_EQ(run_with_config({"send", (folder_ / "autumn").string(), "--detach"}), kExitCantCreate);
  std::filesystem::create_directories(folder_ / "data/spool/incoming");
  std::filesystem::create_symlink("/etc/passwd", folder_ / "autumn/extra");
  EXPECT_EQ(run_with_config({"send", (folder_ / "autumn").string(), "--detach"}), kExitData);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "data/spool/incoming"));
}

TEST_F(CommandLine, DkimKeygenMakesAPrivateKeyOnceAndCheckReadsIt) {
  const auto key = (folder_ / "s1.pem").string();
  const std::vector<std::string> keygen{"dkim", "keygen",      "--domain", "shop.test", "--selector",
                                        "s1",   "--algorithm", "ed25519",  "--out",     key};
  EXPECT_EQ(run_with_config(keygen), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("s1._domainkey.shop.test"));
  struct stat status{};
  ASSERT_EQ(::stat(key.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(run_with_config(keygen), kExitCantCreate);
  write("sluice.toml", "[[dkim]]\ndomain = \"shop.test\"\nselector = \"s1\"\nkey_file = \"s1.pem\"\n");
  EXPECT_EQ(run_with_config({"dkim", "check"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("ed25519-sha256"));
  EXPECT_THAT(out_.str(), HasSubstr("v=DKIM1"));
  ::chmod(key.c_str(), 0644);
  EXPECT_EQ(run_with_config({"dkim", "check"}), kExitConfig);
}

TEST_F(CommandLine, JsonErrorsAreObjects) {
  EXPECT_EQ(run_with_config({"campaign", "list", "--json"}), kExitUnavailable);
  EXPECT_THAT(err_.str(),
              StartsWith("{\"error\":{\"code\":\"unavailable\",\"message\":\"no service answers on "));
}

}  // namespace
}  // namespace sluice::app
