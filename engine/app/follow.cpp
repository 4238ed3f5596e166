#include "engine/app/follow.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <string>
#include <thread>

#include "engine/app/campaign_view.hpp"
#include "engine/app/picture.hpp"
#include "engine/app/service.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxReason = 64 * 1024;

class Follower {
 public:
  Follower(Context& context, const http::Client& service, std::filesystem::path spool, std::string name,
           std::string id, const FollowOptions& options)
      : context_(context),
        service_(service),
        spool_(std::move(spool)),
        name_(std::move(name)),
        target_("/v1/campaigns/" + http::percent_encode(id)),
        options_(options),
        picture_(context.out) {}

  int run() {
    for (;;) {
      if (const auto code = step()) return *code;
      std::this_thread::sleep_for(options_.refresh);
    }
  }

 private:
  std::optional<int> step() {
    const auto answer = ask(service_, "GET", target_);
    if (answer) return show(*answer);
    if (answer.error().code == ErrorCode::not_found) return not_there();
    if (answer.error().code != ErrorCode::unavailable && answer.error().code != ErrorCode::timeout) {
      return context_.complain(answer.error());
    }
    if (Clock::now() - last_seen_ < options_.absence) return std::nullopt;
    return context_.complain(kExitTempFail,
                             "the service has stopped answering; the campaign goes on when it is back");
  }

  std::optional<int> show(const boost::json::object& answer) {
    last_seen_ = Clock::now();
    seen_ = true;
    const auto view = CampaignView::from(answer);
    const bool lines = context_.json || !context_.terminal.is_tty;
    if (!lines) picture_.draw(progress_lines(view, context_.terminal));
    if (lines && (view.is_final() || Clock::now() >= next_line_)) {
      context_.out << boost::json::serialize(answer) << std::endl;
      next_line_ = Clock::now() + options_.log_every;
    }
    if (!view.is_final()) return std::nullopt;
    if (!lines) context_.out << '\n' << summary_text(view, context_.terminal);
    if (view.state == "rejected") return kExitData;
    const bool all_well = view.state == "done" && view.rejected == 0 &&
                          view.total.delivered + view.total.suppressed == view.total.injected;
    return all_well ? kExitOk : kExitFailures;
  }

  std::optional<int> not_there() {
    last_seen_ = Clock::now();
    if (const auto reason = seen_ ? std::nullopt : fresh_reason()) {
      std::ifstream in(*reason, std::ios::binary);
      std::string line;
      for (std::size_t bytes = 0; std::getline(in, line) && bytes < kMaxReason; bytes += line.size()) {
        context_.err << safe_text(line) << '\n';
      }
      return kExitData;
    }
    if (Clock::now() - start_ < options_.acceptance) return std::nullopt;
    return context_.complain(kExitTempFail,
                             seen_ ? "the service no longer knows the campaign"
                                   : "the service has not taken the campaign yet; it stays in the spool");
  }

  /// reason.txt of this drop, not of an earlier one: the spool adds -2, -3 … to a name that is taken.
  [[nodiscard]] std::optional<std::filesystem::path> fresh_reason() const {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(spool_ / "rejected", error)) {
      const auto name = entry.path().filename().string();
      const auto suffix = name.starts_with(name_) ? name.substr(name_.size()) : "no";
      const bool ours = suffix.empty() ||
                        (suffix[0] == '-' && suffix.find_first_not_of("0123456789", 1) == std::string::npos);
      if (!ours) continue;
      const auto file = entry.path() / "reason.txt";
      const auto written = std::filesystem::last_write_time(file, error);
      if (!error && written >= start_wall_) return file;
    }
    return std::nullopt;
  }

  Context& context_;
  const http::Client& service_;
  std::filesystem::path spool_;
  std::string name_;
  std::string target_;
  const FollowOptions& options_;
  Picture picture_;
  Clock::time_point start_ = Clock::now();
  std::filesystem::file_time_type start_wall_ =
      std::filesystem::file_time_type::clock::now() - std::chrono::seconds(2);
  Clock::time_point last_seen_ = Clock::now();
  Clock::time_point next_line_ = Clock::now();
  bool seen_ = false;
};

}  // namespace

int follow_campaign(Context& context, const http::Client& service, const std::string& spool,
                    const std::string& name, const std::string& id, const FollowOptions& options) {
  return Follower(context, service, spool, name, id, options).run();
}

}  // namespace sluice::app
