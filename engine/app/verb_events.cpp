// `events`: the feed, from the service or, when none runs, from its files.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <vector>

#include "engine/app/service.hpp"
#include "engine/app/verbs.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

struct Wanted {
  std::int64_t after = 0;
  bool follow = false;
  std::string campaign;
  std::string event;
};

/// One event for people: time, what, whom, where, and what was answered.
std::string human_line(const boost::json::object& event, const Terminal& terminal) {
  const auto kind = text_at(event, "event");
  const auto style = kind == "delivered"                        ? Style::green
                     : kind == "bounced" || kind == "expired"   ? Style::red
                     : kind == "deferred" || kind == "in_doubt" ? Style::yellow
                                                                : Style::plain;
  auto out = fmt::format("{} {} {}", safe_text(text_at(event, "time")),
                         styled(terminal, style, pad_to(safe_text(kind), 10)),
                         safe_text(text_at(event, "recipient")));
  for (const auto* key : {"campaign", "site", "class"}) {
    if (const auto text = text_at(event, key); !text.empty())
      out += fmt::format("  {}={}", key, safe_text(text));
  }
  const auto* reply = event.if_contains("reply");
  if (reply && reply->is_object()) {
    const auto& said = reply->get_object();
    out += fmt::format("  {} {} {}", number_at(said, "code"), safe_text(text_at(said, "enhanced")),
                       safe_text(text_at(said, "text")));
  }
  return cut_to(out, 1000);
}

void print(Context& context, std::string_view line) {
  if (!context.terminal.is_tty) {
    context.out << line << '\n';
    return;
  }
  boost::system::error_code error;
  const auto value = boost::json::parse(line, error);
  if (context.json || error || !value.is_object()) {
    context.out << safe_text(line) << '\n';
  } else {
    context.out << human_line(value.get_object(), context.terminal) << '\n';
  }
  context.out.flush();
}

bool is_wanted(std::string_view line, const Wanted& wanted) {
  boost::system::error_code error;
  const auto value = boost::json::parse(line, error);
  if (error || !value.is_object()) return false;
  const auto& event = value.get_object();
  return number_at(event, "seq") > wanted.after &&
         (wanted.campaign.empty() || text_at(event, "campaign") == wanted.campaign) &&
         (wanted.event.empty() || text_at(event, "event") == wanted.event);
}

/// The synced files of a service that does not run; a torn last line is none.
int from_files(Context& context, const std::string& data_dir, const Wanted& wanted) {
  const std::filesystem::path folder = std::filesystem::path(data_dir) / "events";
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  }
  if (error)
    return context.complain(kExitUnavailable, fmt::format("no service answers, and {} cannot be read: {}",
                                                          folder.string(), error.message()));
  context.err << "sluice: no service answers; reading " << safe_text(folder.string()) << '\n';
  std::ranges::sort(files);
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    for (std::string line; std::getline(in, line) && !in.eof();) {
      if (is_wanted(line, wanted)) print(context, line);
    }
  }
  return kExitOk;
}

int events(Context& context, const Wanted& wanted) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  const auto target = fmt::format("/v1/events?after={}&follow={}", wanted.after, wanted.follow ? 1 : 0);
  const bool all = wanted.campaign.empty() && wanted.event.empty();
  bool any = false;
  const auto read = service_of(loaded->config).stream(target, [&](std::string_view line) {
    any = true;
    if (all || is_wanted(line, wanted)) print(context, line);
    return static_cast<bool>(context.out);
  });
  if (read) return kExitOk;
  if (read.error().code == ErrorCode::unavailable && !any && !wanted.follow) {
    return from_files(context, loaded->config.data_dir, wanted);
  }
  return context.complain(read.error());
}

}  // namespace

void setup_events(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "events",
                        "Print the event feed: JSON lines, or a line for people on a terminal",
                        "sluice events --after 0 --follow --campaign autumn-2026");
  const auto wanted = std::make_shared<Wanted>();
  verb->add_option("--after", wanted->after, "only events behind this sequence number")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SEQ");
  verb->add_flag("--follow", wanted->follow, "go on as events happen");
  verb->add_option("--campaign", wanted->campaign, "only this campaign's")->type_name("ID");
  verb->add_option("--event", wanted->event, "only this kind: delivered, bounced, deferred …")
      ->type_name("KIND");
  on_run(verb, context, [&context, wanted] { return events(context, *wanted); });
}

}  // namespace sluice::app
