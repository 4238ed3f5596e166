// Verbs against a service that answers as engine/control/API.md says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <sstream>

#include "engine/app/command_line.hpp"
#include "engine/app/follow.hpp"
#include "engine/http/server.hpp"
#include "engine/net/worker.hpp"

namespace sluice::app {
namespace {

using http::Request;
using http::Response;
using net::Task;
using testing::HasSubstr;
using testing::StartsWith;

Response json_text(std::string text, int status = 200) {
  Response out;
  out.status = status;
  out.body = std::move(text);
  return out;
}

std::string campaign_text(const std::string& state, int delivered, int bounced, int queued) {
  return R"({"id":"autumn","tenant":"shop","state":")" + state +
         R"(","read":11,"rejected":1,"injected":10,"delivered":)" + std::to_string(delivered) +
         R"(,"bounced":)" + std::to_string(bounced) + R"(,"queued":)" + std::to_string(queued) +
         R"(,"rate_per_s":5.5,"eta_s":3,"providers":[{"provider":"evil\u001b[2J","injected":10,)" +
         R"("delivered":4}]})" + "\n";
}

/// Answers for one test; each GET of a campaign gives the next of `campaign`, the last one again and again.
struct Script {
  std::vector<Response> campaign;
  std::atomic<std::size_t> asked{0};
  std::atomic<int> paused{0};
  Response reload;
  std::string events;

  Response next() { return campaign[std::min(asked++, campaign.size() - 1)]; }
};

Task<http::Response> give(Response response) { co_return response; }

class Verbs : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice_verbs_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directories(folder_ / "data/spool/incoming");
    std::ofstream(folder_ / "sluice.toml") << "data_dir = \"data\"\n";
    http::Router router;
    router.add("GET", "/v1/campaigns/{id}", [this](Request) { return give(script_.next()); });
    router.add("POST", "/v1/campaigns/{id}/pause", [this](Request request) {
      ++script_.paused;
      return give(request.params["id"] == "a/b" ? script_.next()
                                                : http::error_response(404, "not_found", "no such campaign"));
    });
    router.add("GET", "/v1/campaigns",
               [this](Request) { return give(json_text("{\"campaigns\":[" + script_.next().body + "]}")); });
    router.add("POST", "/v1/reload", [this](Request) { return give(script_.reload); });
    router.add("GET", "/v1/queue/summary", [](Request request) {
      return give(json_text(R"({"queued":7,"rows":[{"name":")" + request.query["by"] +
                            R"(","queued":7,"waits_for":"policy x"}]})"));
    });
    router.add("GET", "/v1/events", [this](Request request) {
      const auto two = "{\"seq\":" + request.query["after"] + "}\n\n{\"seq\":8}\n";
      return give(json_text(script_.events.empty() ? two : script_.events));
    });
    router.add("GET", "/v1/status", [](Request) { return give(json_text("{}")); });
    start(std::move(router));
  }

  void start(http::Router router) {
    worker_.start();
    std::promise<void> listening;
    worker_.post([&] {
      server_.emplace(worker_.context(), std::move(router));
      stopping_.emplace(worker_.context());
      const auto bound = server_->listen_unix((folder_ / "data/control.sock").string());
      EXPECT_TRUE(bound) << bound.error().text;
      listening.set_value();
    });
    listening.get_future().get();
  }

  Task<> stop_server(std::promise<void>& stopped) {
    co_await server_->stop();
    stopped.set_value();
  }

  void TearDown() override {
    std::promise<void> stopped;
    worker_.post([&] { ASSERT_TRUE(stopping_->spawn(stop_server(stopped))); });
    stopped.get_future().get();
    worker_.finish();
    worker_.join();
    server_.reset();
    stopping_.reset();
    std::filesystem::remove_all(folder_);
  }

  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.end(), {"--config", (folder_ / "sluice.toml").string()});
    Context context{out_, err_, Terminal{}, false, {}, kExitOk};
    return run_command_line(std::move(arguments), context);
  }

  int follow(bool is_tty) {
    out_.str("");
    err_.str("");
    Context context{out_, err_, Terminal{}, false, {}, kExitOk};
    context.terminal.is_tty = is_tty;
    FollowOptions options;
    options.refresh = std::chrono::milliseconds(1);
    options.log_every = std::chrono::milliseconds(0);
    const http::Client service((folder_ / "data/control.sock").string());
    return follow_campaign(context, service, (folder_ / "data/spool").string(), "autumn", "autumn", options);
  }

  std::filesystem::path folder_;
  net::Worker worker_{"verbs-test"};
  std::optional<http::Server> server_;
  std::optional<net::TaskGroup> stopping_;
  Script script_;
  std::ostringstream out_;
  std::ostringstream err_;
};

const Response kUnknown = http::error_response(404, "not_found", "no such campaign");

TEST_F(Verbs, CampaignListAndShowAreSafeTables) {
  script_.campaign = {json_text(campaign_text("sending", 4, 1, 5))};
  EXPECT_EQ(run({"campaign", "list"}), kExitOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("autumn    shop    sending"));
  EXPECT_EQ(run({"campaign", "show", "autumn"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("evil\\x1b[2J"));
  EXPECT_EQ(out_.str().find('\x1b'), std::string::npos);
  EXPECT_EQ(run({"campaign", "show", "autumn", "--json"}), kExitOk);
  EXPECT_THAT(out_.str(), StartsWith("{\"id\":\"autumn\""));
}

TEST_F(Verbs, IdsAreEncodedAndErrorsOfTheServiceReachTheShell) {
  script_.campaign = {json_text(campaign_text("paused", 4, 1, 5))};
  EXPECT_EQ(run({"campaign", "pause", "a/b"}),
            kExitData);  // "a/b" is one segment, and then no pattern fits it
  EXPECT_EQ(run({"campaign", "pause", "nothing"}), kExitData);
  EXPECT_EQ(err_.str(), "sluice: no such campaign\n");
  EXPECT_EQ(run({"campaign", "pause", "nothing", "--json"}), kExitData);
  EXPECT_EQ(err_.str(), "{\"error\":{\"code\":\"not_found\",\"message\":\"no such campaign\"}}\n");
}

TEST_F(Verbs, ReloadShowsWhatWaitsForARestart) {
  script_.reload = json_text(R"({"changes":[{"path":"workers","from":"2","to":"4","live":false}]})");
  EXPECT_EQ(run({"reload"}), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("workers  2    4   at restart"));
  script_.reload = json_text(R"({"changes":[]})");
  EXPECT_EQ(run({"reload"}), kExitOk);
  EXPECT_EQ(out_.str(), "Nothing has changed.\n");
  script_.reload = http::error_response(400, "invalid_input", "c.toml:1:1: unknown key `x`");
  EXPECT_EQ(run({"reload"}), kExitConfig);
  EXPECT_THAT(err_.str(), HasSubstr("c.toml:1:1: unknown key `x`"));
}

TEST_F(Verbs, QueueSummaryAndEvents) {
  EXPECT_EQ(run({"queue", "summary", "--by", "site"}), kExitOk);
  EXPECT_THAT(out_.str(), StartsWith("SITE"));
  EXPECT_THAT(out_.str(), HasSubstr("policy x"));
  EXPECT_EQ(run({"events", "--after", "7"}), kExitOk);
  EXPECT_EQ(out_.str(), "{\"seq\":7}\n{\"seq\":8}\n");
}

TEST_F(Verbs, EventsOfOneKindOrCampaignAreChosenHere) {
  const std::string bounced = R"({"seq":9,"event":"bounced","campaign":"autumn"})";
  const std::string other = R"({"seq":10,"event":"bounced","campaign":"winter"})";
  script_.events =
      bounced + "\n" + other + "\n" + R"({"seq":11,"event":"delivered","campaign":"autumn"})" + "\n";
  EXPECT_EQ(run({"events", "--event", "bounced", "--campaign", "autumn"}), kExitOk);
  EXPECT_EQ(out_.str(), bounced + "\n");
  EXPECT_EQ(run({"events", "--campaign", "winter"}), kExitOk);
  EXPECT_EQ(out_.str(), other + "\n");
}

TEST_F(Verbs, FollowWaitsForAcceptanceAndEndsWithTheCampaign) {
  script_.campaign = {kUnknown, kUnknown, json_text(campaign_text("sending", 4, 1, 5)),
                      json_text(campaign_text("done", 9, 1, 0))};
  EXPECT_EQ(follow(false), kExitFailures);
  const auto lines = out_.str();
  EXPECT_THAT(lines, HasSubstr("\"state\":\"sending\""));
  EXPECT_THAT(lines, HasSubstr("\"state\":\"done\""));
  script_.asked = 0;
  EXPECT_EQ(follow(true), kExitFailures);
  EXPECT_THAT(out_.str(), HasSubstr("autumn: done\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\x1b[2A"));  // ours: two lines up
  EXPECT_THAT(out_.str(), HasSubstr("evil\\x1b[2J"));
}

TEST_F(Verbs, FollowOfACleanCampaignIs0) {
  auto text = campaign_text("done", 10, 0, 0);
  text.replace(text.find("\"rejected\":1"), 12, "\"rejected\":0");
  script_.campaign = {json_text(text)};
  EXPECT_EQ(follow(false), kExitOk);
}

TEST_F(Verbs, FollowPrintsWhyACampaignWasRejectedButNotAnOlderReason) {
  script_.campaign = {kUnknown};
  const auto old = folder_ / "data/spool/rejected/autumn";
  std::filesystem::create_directories(old);
  std::ofstream(old / "reason.txt") << "an old reason\n";
  std::filesystem::last_write_time(old / "reason.txt",
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const auto fresh = folder_ / "data/spool/rejected/autumn-2";
  std::filesystem::create_directories(fresh);
  std::ofstream(fresh / "reason.txt") << "campaign.toml:1:1: a \x1b[2J reason\n";
  EXPECT_EQ(follow(false), kExitData);
  EXPECT_EQ(err_.str(), "campaign.toml:1:1: a \\x1b[2J reason\n");
}

TEST_F(Verbs, SendRefusesAnIdTheServiceKnows) {
  script_.campaign = {json_text(campaign_text("done", 10, 0, 0))};
  std::filesystem::create_directories(folder_ / "autumn");
  std::ofstream(folder_ / "autumn/campaign.toml")
      << "from = \"news@shop.test\"\nsubject = \"x\"\ntext = \"t.txt\"\nrecipients = "
         "\"r.csv\"\npostal_address = \"1 Test Street\"\n";
  std::ofstream(folder_ / "autumn/t.txt") << "text, 1 Test Street\n";
  std::ofstream(folder_ / "autumn/r.csv") << "email\nann@example.test\n";
  EXPECT_EQ(run({"send", (folder_ / "autumn").string()}), kExitData) << out_.str();
  EXPECT_THAT(err_.str(), HasSubstr("knows a campaign `autumn` already"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "data/spool/incoming"));
}

}  // namespace
}  // namespace sluice::app
