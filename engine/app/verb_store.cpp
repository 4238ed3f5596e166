// `store check | repair | backup | restore`: what an operator does with the store as a whole.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <memory>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"
#include "engine/app/wiring.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/log.hpp"
#include "engine/store/folder_lock.hpp"
#include "engine/suppression/check.hpp"
#include "queue/backup.hpp"
#include "queue/families.hpp"
#include "queue/repair.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct Wanted {
  std::string folder;
  bool accept_loss = false;
  std::uint64_t next_seq = 0;
};

/// The store's options and folders by the configuration; nothing when a complaint was written.
std::optional<std::pair<store::Options, queue::DataFolders>> configured(Context& context) {
  const auto loaded = load_config(context);
  if (!loaded) return std::nullopt;
  const auto options = service_options(loaded->config);
  if (options) return std::pair{options->queue.store, queue::DataFolders::below(loaded->config.data_dir)};
  context.exit_code = context.complain(options.error());
  return std::nullopt;
}

std::string absolute(const std::string& path) { return fs::absolute(path).lexically_normal().string(); }

/// What RocksDB says meanwhile is in our own answer, or of no use to who reads it.
void keep_quiet() { log::set_level(log::Level::error); }

int print_check(Context& context, const std::string& path, const queue::CheckReport& report) {
  const bool sound = report.wrong() == 0;
  if (context.json) {
    json::array rows;
    for (const auto& row : report.rows)
      rows.push_back(
          {{"what", row.what}, {"found", row.found}, {"wrong", row.wrong}, {"detail", row.detail}});
    context.out << json::serialize(json::object{{"store", path}, {"sound", sound}, {"rows", std::move(rows)}})
                << '\n';
    return sound ? kExitOk : kExitData;
  }
  using enum Table::Align;
  Table table({{"LOOKED AT"}, {"FOUND", right}, {"WRONG", right}, {"DETAIL"}});
  for (const auto& row : report.rows) {
    table.add({row.what, grouped(static_cast<std::int64_t>(row.found)),
               grouped(static_cast<std::int64_t>(row.wrong)), row.detail});
  }
  context.out << table.text(context.terminal);
  context.out << (sound ? "the store " + path + " is sound\n"
                        : "the store " + path + " is damaged; `sluice store repair` says what can be done\n");
  return sound ? kExitOk : kExitData;
}

/// The configured store, or a backup.
int check(Context& context, const Wanted& wanted) {
  keep_quiet();
  store::Options options;
  queue::DataFolders folders;
  if (wanted.folder.empty()) {
    auto of_config = configured(context);
    if (!of_config) return context.exit_code;
    std::tie(options, folders) = std::move(*of_config);
  } else {
    folders = queue::DataFolders::below(absolute(wanted.folder));
    options.path = folders.store;
  }
  const auto lock = store::FolderLock::take(options.path);
  if (!lock && lock.error().code == ErrorCode::unavailable) {
    return context.complain(
        kExitUnavailable,
        lock.error().text + ", or check a copy: sluice store backup DIR; sluice store check DIR");
  }
  if (!lock) return context.complain(lock.error());
  auto mark = store::Acknowledged::read(store::Acknowledged::path_of(options.path));
  if (!mark) return context.complain(mark.error());
  queue::CheckReport report;
  auto opened = store::Database::open_read_only(options, queue::family_names());
  if (opened) report = queue::check_store(**opened, folders);
  if (opened) suppression::check_rows(**opened, report);
  auto& end = report.rows.emplace_front(queue::CheckRow{"acknowledged changes", 0, 0, {}});
  if (!opened) {
    end.what = "opening";
    end.blame(opened.error().text);
    return print_check(context, options.path, report);
  }
  end.found = (*opened)->sequence();
  if (*mark && end.found < (*mark)->sequence)
    end.blame(fmt::format("{} was acknowledged: {} changes are lost", (*mark)->sequence,
                          (*mark)->sequence - end.found));
  return print_check(context, options.path, report);
}

Expected<> repair_suppressions(const store::Options& options, queue::RepairReport& report) {
  auto database = store::Database::open(options, queue::family_names());
  if (!database) return std::unexpected(database.error());
  if (auto done = suppression::repair_rows(**database, !report.steps.empty(), report); !done) return done;
  return (*database)->flush();
}

int repair(Context& context, const Wanted& wanted) {
  keep_quiet();
  const auto of_config = configured(context);
  if (!of_config) return context.exit_code;
  const SystemClock clock;
  auto report = queue::repair_store(of_config->first, of_config->second, {wanted.accept_loss}, clock.now());
  if (!report) return context.complain(report.error());
  if (auto done = repair_suppressions(of_config->first, *report); !done)
    return context.complain(done.error());
  if (context.json) {
    json::array steps;
    for (const auto& step : report->steps)
      steps.push_back({{"what", step.what}, {"count", step.count}, {"detail", step.detail}});
    context.out << json::serialize(json::object{{"steps", std::move(steps)}, {"aside", report->aside}})
                << '\n';
    return kExitOk;
  }
  Table table({{"DONE"}, {"COUNT", Table::Align::right}, {"DETAIL"}});
  for (const auto& step : report->steps)
    table.add({step.what, grouped(static_cast<std::int64_t>(step.count)), step.detail});
  context.out << (table.empty() ? "nothing was wrong\n" : table.text(context.terminal));
  if (!report->aside.empty()) context.out << "the files as they were found are in " << report->aside << '\n';
  return kExitOk;
}

json::object facts_json(const queue::BackupFacts& facts) {
  return {{"time", facts.time},
          {"sequence", facts.sequence},
          {"seq", facts.seq},
          {"streams", facts.streams},
          {"queued", facts.queued}};
}

int print_backup(Context& context, json::object facts, const std::string& folder) {
  facts["folder"] = folder;
  if (context.json) {
    context.out << json::serialize(facts) << '\n';
    return kExitOk;
  }
  context.out << fmt::format("{} holds {} queued recipients of {} streams; its last event is {}\n",
                             safe_text(folder), grouped(number_at(facts, "queued")),
                             grouped(number_at(facts, "streams")), grouped(number_at(facts, "seq")));
  return kExitOk;
}

/// By the service when one runs; else from its files.
int backup(Context& context, const Wanted& wanted) {
  keep_quiet();
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  const auto folder = absolute(wanted.folder);
  const http::Client service(loaded->config.data_dir + "/control.sock", {.timeout = std::chrono::hours(12)});
  auto answer = ask(service, "POST", "/v1/store/backup", json::serialize(json::object{{"folder", folder}}));
  if (answer) return print_backup(context, std::move(*answer), folder);
  if (answer.error().code != ErrorCode::unavailable) return context.complain(answer.error());
  const auto of_config = configured(context);
  if (!of_config) return context.exit_code;
  {
    const auto lock = store::FolderLock::take(of_config->first.path);
    if (!lock) return context.complain(lock.error());
  }
  auto opened = store::Database::open(of_config->first, queue::family_names());
  if (!opened) return context.complain(opened.error());
  const SystemClock clock;
  const auto facts = queue::back_up(**opened, of_config->second, folder, clock.now());
  return facts ? print_backup(context, facts_json(*facts), folder) : context.complain(facts.error());
}

int restore(Context& context, const Wanted& wanted) {
  keep_quiet();
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  if (service_of(loaded->config).request("GET", "/healthz"))
    return context.complain(kExitUnavailable,
                            "a service runs on " + loaded->config.data_dir + ": stop it first");
  const auto folders = queue::DataFolders::below(loaded->config.data_dir);
  const SystemClock clock;
  const auto report = queue::restore(absolute(wanted.folder), folders, {wanted.next_seq}, clock.now());
  if (!report) return context.complain(report.error());
  if (context.json) {
    auto out = facts_json(report->backup);
    out["next_seq"] = report->next_seq;
    out["settled"] = report->settled;
    context.out << json::serialize(out) << '\n';
    return kExitOk;
  }
  context.out << fmt::format(
      "restored the backup of {}: {} queued recipients of {} streams\n"
      "{} of them had a final event since, and are not sent again; the next event is {}\n",
      safe_text(report->backup.time), grouped(static_cast<std::int64_t>(report->backup.queued)),
      grouped(static_cast<std::int64_t>(report->backup.streams)),
      grouped(static_cast<std::int64_t>(report->settled)),
      grouped(static_cast<std::int64_t>(report->next_seq)));
  return kExitOk;
}

}  // namespace

void setup_store(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "store", "Check, repair, copy and put back the store");
  const auto wanted = std::make_shared<Wanted>();
  auto* verb =
      add_verb(*group, context, "check",
               "Read all of it and compare it with itself; the service must not run. With DIR: a backup",
               "sluice store check");
  verb->add_option("DIR", wanted->folder, "a backup's folder");
  on_run(verb, context, [&context, wanted] { return check(context, *wanted); });

  verb = add_verb(*group, context, "repair", "Make a damaged store fit to serve, and say what that cost",
                  "sluice store repair --accept-loss");
  verb->add_flag("--accept-loss", wanted->accept_loss,
                 "go on without what damaged files held, or what is missing of the log");
  on_run(verb, context, [&context, wanted] { return repair(context, *wanted); });

  verb = add_verb(*group, context, "backup", "Copy the store into a new folder, also while the service runs",
                  "sluice store backup /backup/sluice-2026-12-01");
  verb->add_option("DIR", wanted->folder, "the folder; it must not exist")->required();
  on_run(verb, context, [&context, wanted] { return backup(context, *wanted); });

  verb = add_verb(*group, context, "restore", "Put a backup back where there is no store",
                  "sluice store restore /backup/sluice-2026-12-01");
  verb->add_option("DIR", wanted->folder, "the backup's folder")->required();
  verb->add_option("--next-seq", wanted->next_seq,
                   "number of the next event at least; for when the event files are gone")
      ->type_name("SEQ");
  on_run(verb, context, [&context, wanted] { return restore(context, *wanted); });
}

}  // namespace sluice::app
