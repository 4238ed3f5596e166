#include "engine/app/test_message.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <toml++/toml.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <sstream>

#include "config/options.hpp"
#include "engine/app/row_json.hpp"
#include "engine/campaign/directory.hpp"
#include "engine/campaign/recipient_reader.hpp"

namespace sluice::app {
namespace {

/// The first row that can be mailed, as one JSON line, its address replaced.
Expected<std::string> first_row(campaign::CampaignDirectory& found, const std::string& address,
                                const campaign::ListLimits& limits) {
  auto reader = campaign::RecipientReader::open(found.spec.recipients, std::move(found.list.file),
                                                found.list_kind, limits);
  if (!reader) return fail(ErrorCode::invalid_input, reader.error().to_text());
  campaign::RowBatch batch;
  for (;;) {
    if (auto next = reader->next(batch); !next) return std::unexpected(std::move(next.error()));
    if (batch.rows.empty()) return fail(ErrorCode::invalid_input, "the list has no row that can be mailed");
    for (const auto& row : batch.rows) {
      if (!row.accepted()) continue;
      auto out = row_json(batch, row, reader->columns());
      out["email"] = address;
      return boost::json::serialize(out) + '\n';
    }
  }
}

/// campaign.toml with another id and list, to go out at once. The text has passed validate().
Expected<std::string> changed_spec(const std::filesystem::path& file, const std::string& id) {
  try {
    auto table = toml::parse_file(file.string());
    table.insert_or_assign("id", id);
    table.insert_or_assign("recipients", "recipients.test.jsonl");
    for (const auto* key : {"start", "windows", "time_zone", "rate"}) table.erase(key);
    std::ostringstream out;
    out << table << '\n';
    return out.str();
  } catch (const std::exception& error) {
    return fail(ErrorCode::invalid_input, fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace

Expected<TestCampaign> make_test_campaign(const std::string& directory, const std::string& address,
                                          const std::string& stamp, const config::Config& config) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(directory, error);
  const auto parent = campaign::open_directory(AT_FDCWD, path.parent_path().string());
  if (!parent) return std::unexpected(parent.error());
  const auto limits = config::directory_limits(config.campaign);
  auto found = campaign::validate(parent->get(), path.filename().string(), limits);
  if (!found) {
    const auto& problems = found.error().list();
    return fail(ErrorCode::invalid_input,
                problems.empty() ? "this is no campaign" : problems.front().to_text());
  }
  TestCampaign out;
  out.id = fmt::format("{}-test-{}", found->spec.id.substr(0, 70), stamp);
  auto row = first_row(*found, address, limits.list);
  if (!row) return std::unexpected(std::move(row.error()));
  auto spec = changed_spec(path / campaign::kSpecName, out.id);
  if (!spec) return std::unexpected(std::move(spec.error()));
  out.instead = {{campaign::kSpecName, std::move(*spec)}, {"recipients.test.jsonl", std::move(*row)}};
  return out;
}

}  // namespace sluice::app
