#include "engine/app/campaign_check.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <ostream>

#include "config/options.hpp"
#include "engine/app/table.hpp"
#include "engine/campaign/directory.hpp"
#include "engine/campaign/recipient_reader.hpp"
#include "engine/campaign/row_mapper.hpp"

namespace sluice::app {
namespace {

void sample(CampaignReport& report, std::uint64_t line, const std::string& reason) {
  ++report.rejected;
  if (report.samples.size() < CampaignReport::kMaxSamples)
    report.samples.push_back(fmt::format("line {}: {}", line, reason));
}

void read_rows(campaign::CampaignDirectory& found, const campaign::ListLimits& limits,
               CampaignReport& report) {
  auto reader = campaign::RecipientReader::open(found.spec.recipients, std::move(found.list.file),
                                                found.list_kind, limits);
  if (!reader) {
    report.problems.push_back(reader.error().to_text());
    return;
  }
  campaign::RowMapper mapper(found.layout, reader->format());
  campaign::RowBatch batch;
  campaign::MappedRow mapped;
  for (;;) {
    if (auto next = reader->next(batch); !next) {
      report.problems.push_back(next.error().text);
      return;
    }
    if (batch.rows.empty()) return;
    for (const auto& row : batch.rows) {
      ++report.rows;
      if (!row.accepted()) {
        const auto& rejection = batch.rejections[row.rejection];
        sample(report, rejection.line, rejection.reason);
      } else if (auto ok = mapper.map(batch, row, reader->columns(), mapped); !ok) {
        sample(report, row.line, ok.error().text);
      }
    }
  }
}

template <class Texts>
boost::json::array array_of(const Texts& texts) {
  boost::json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

}  // namespace

CampaignReport check_campaign(const std::string& directory, const config::Config& config, bool read_list) {
  CampaignReport report;
  std::error_code error;
  const auto full = std::filesystem::weakly_canonical(directory, error);
  const auto path = (full.has_filename() ? full : full.parent_path());
  const auto parent = campaign::open_directory(AT_FDCWD, path.parent_path().string());
  if (!parent) {
    report.problems.push_back(parent.error().text);
    return report;
  }
  const auto limits = config::directory_limits(config.campaign);
  auto found = campaign::validate(parent->get(), path.filename().string(), limits);
  if (!found) {
    for (const auto& problem : found.error().list()) report.problems.push_back(problem.to_text());
    return report;
  }
  report.id = found->spec.id;
  report.notes = found->notes;
  if (read_list) read_rows(*found, limits.list, report);
  return report;
}

void print_report(Context& context, const CampaignReport& report) {
  if (context.json) {
    boost::json::object body;
    body["ok"] = report.ok();
    body["id"] = report.id;
    body["problems"] = array_of(report.problems);
    body["notes"] = array_of(report.notes);
    body["rows"] = report.rows;
    body["rejected"] = report.rejected;
    body["rejected_rows"] = array_of(report.samples);
    context.out << boost::json::serialize(body) << '\n';
    return;
  }
  for (const auto& problem : report.problems) context.out << safe_text(problem) << '\n';
  for (const auto& note : report.notes)
    context.out << styled(context.terminal, Style::yellow, "note: ") << safe_text(note) << '\n';
  for (const auto& one : report.samples)
    context.out << styled(context.terminal, Style::yellow, "rejected ") << safe_text(one) << '\n';
  if (!report.ok()) return;
  context.out << fmt::format("{}: ok, {} rows, {} rejected\n", safe_text(report.id),
                             grouped(static_cast<std::int64_t>(report.rows)),
                             grouped(static_cast<std::int64_t>(report.rejected)));
}

}  // namespace sluice::app
