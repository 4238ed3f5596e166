#include "engine/app/retry_campaign.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <toml++/toml.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "config/options.hpp"
#include "engine/app/drop.hpp"
#include "engine/app/row_json.hpp"
#include "engine/campaign/directory.hpp"
#include "engine/campaign/recipient_reader.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kResults = "recipients.jsonl";  ///< what a finished campaign knows of each recipient
constexpr std::uint64_t kMaxRows = 1'000'000'000;     ///< of the old list: 125 MB of bits
constexpr const char* kList = "recipients.retry.jsonl";

struct Chosen {
  std::vector<bool> rows;  ///< by row number
  std::uint64_t count = 0;
};

std::string_view text_of(const simdjson::dom::element& line, const char* key) {
  std::string_view out;
  return line[key].get(out) == simdjson::SUCCESS ? out : std::string_view();
}

/// Which rows ended in one of the classes.
Expected<Chosen> choose(const fs::path& results, const std::vector<std::string>& classes) {
  std::ifstream in(results);
  if (!in) return fail(ErrorCode::not_found, fmt::format("{} is not there any more", results.string()));
  Chosen out;
  std::map<std::string, std::uint64_t, std::less<>> seen;
  simdjson::dom::parser parser;
  for (std::string text; std::getline(in, text);) {
    simdjson::dom::element line;
    std::uint64_t row = 0;
    if (parser.parse(text).get(line) != simdjson::SUCCESS || line["row"].get(row) != simdjson::SUCCESS ||
        row > kMaxRows) {
      return fail(ErrorCode::corrupt, fmt::format("{} has a line that is no result", results.string()));
    }
    const auto state = text_of(line, "state");
    if (state != "bounced" && state != "expired") continue;
    const auto why = state == "expired" ? std::string_view("expired") : text_of(line, "reason");
    if (seen.size() < 100) ++seen[std::string(why)];
    if (std::ranges::find(classes, why) == classes.end()) continue;
    if (out.rows.size() <= row) out.rows.resize(row + 1);
    if (!out.rows[row]) ++out.count;
    out.rows[row] = true;
  }
  if (out.count > 0) return out;
  std::string there;
  for (const auto& [name, count] : seen)
    there += fmt::format("{}{} ({})", there.empty() ? "" : ", ", name, count);
  return fail(ErrorCode::not_found, there.empty() ? "nobody bounced or expired in that campaign"
                                                  : "nobody ended so; there are " + there);
}

/// The chosen rows of the old list as JSON lines.
Expected<> write_list(campaign::CampaignDirectory& found, const Chosen& chosen, const fs::path& path,
                      const campaign::ListLimits& limits) {
  auto reader = campaign::RecipientReader::open(found.spec.recipients, std::move(found.list.file),
                                                found.list_kind, limits);
  if (!reader) return fail(ErrorCode::invalid_input, reader.error().to_text());
  std::ofstream out(path, std::ios::binary);
  campaign::RowBatch batch;
  for (;;) {
    if (auto next = reader->next(batch); !next) return std::unexpected(std::move(next.error()));
    if (batch.rows.empty()) break;
    for (const auto& row : batch.rows) {
      if (!row.accepted() || row.number >= chosen.rows.size() || !chosen.rows[row.number]) continue;
      out << boost::json::serialize(row_json(batch, row, reader->columns())) << '\n';
    }
  }
  out.close();
  return out ? Expected<>{} : fail(ErrorCode::io, "writing " + path.string());
}

Expected<std::string> changed_spec(const fs::path& file, const std::string& id) {
  try {
    auto table = toml::parse_file(file.string());
    table.insert_or_assign("id", id);
    table.insert_or_assign("recipients", kList);
    table.erase("start");
    std::ostringstream out;
    out << table << '\n';
    return out.str();
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid_input, fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace

Expected<std::uint64_t> drop_retry(const RetryOrder& order, const config::Config& config) {
  const fs::path path(order.directory);
  const auto chosen = choose(path / kResults, order.classes);
  if (!chosen) return std::unexpected(chosen.error());
  const auto parent = campaign::open_directory(AT_FDCWD, path.parent_path().string());
  if (!parent) return std::unexpected(parent.error());
  const auto limits = config::directory_limits(config.campaign);
  auto found = campaign::validate(parent->get(), path.filename().string(), limits);
  if (!found) {
    const auto& problems = found.error().list();
    return fail(ErrorCode::invalid_input,
                problems.empty() ? "its directory is no campaign any more" : problems.front().to_text());
  }
  auto spec = changed_spec(path / campaign::kSpecName, order.id);
  if (!spec) return std::unexpected(std::move(spec.error()));
  DropOptions options;
  options.leave_out = {kResults, "report.json", "report.html", "rejected.jsonl", found->spec.recipients};
  options.complete = [&](const std::string& folder) {
    return write_list(*found, *chosen, fs::path(folder) / kList, limits.list);
  };
  if (auto dropped = drop_campaign(path.string(), config.spool.dir, order.id,
                                   {{campaign::kSpecName, std::move(*spec)}}, options);
      !dropped) {
    return std::unexpected(dropped.error());
  }
  return chosen->count;
}

}  // namespace sluice::app
