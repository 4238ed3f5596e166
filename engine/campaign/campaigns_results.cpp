// What a finished campaign leaves beside its files: report.json, report.html, recipients.jsonl,
// rejected.jsonl.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "engine/campaign/campaigns.hpp"
#include "engine/campaign/report_builder.hpp"
#include "engine/campaign/report_html.hpp"
#include "engine/campaign/report_json.hpp"

namespace sluice::campaign {
namespace {

/// Whole or not at all: written under a hidden name, synced, renamed.
Expected<> write_file(int directory, const std::string& name, const std::string& bytes) {
  const auto temporary = "." + name + ".tmp";
  const Descriptor file(
      ::openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!file.valid()) return fail(ErrorCode::io, "making " + name);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto n = ::write(file.get(), bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(ErrorCode::io, "writing " + name);
    at += static_cast<std::size_t>(n);
  }
  if (::fsync(file.get()) != 0 || ::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    return fail(ErrorCode::io, "finishing " + name);
  }
  return {};
}

}  // namespace

Campaigns::ReportSource Campaigns::source_of(const Entry& entry) {
  return {entry.stream, entry.acceptance, entry.note};
}

/// Any thread.
Expected<CampaignReport> Campaigns::make_report(const ReportSource& source, LineFile* finals) const {
  const auto id = source.stream->id;
  auto report = build_report(
      *source.stream, [this, id] { return queue_.counters(id); }, options_.events_folder,
      source.acceptance.first_seq, finals, clock_.now());
  if (!report) return report;
  report->subject = source.acceptance.subject;
  report->from = source.acceptance.from;
  const auto state = source.stream->state();
  // Why it last changed its state explains an end or a pause, not a life.
  if (state == queue::StreamState::running || state == queue::StreamState::done) report->state_reason.clear();
  if (!source.note.empty()) report->state_reason = source.note;
  return report;
}

std::optional<std::future<Expected<CampaignReport>>> Campaigns::report(std::string_view name) {
  const auto found = std::ranges::find_if(entries_, [name](const auto& entry) {
    const auto& settings = entry.second.stream->settings;
    return settings.name == name || settings.tenant + "/" + settings.name == name;
  });
  if (found == entries_.end()) return std::nullopt;
  std::packaged_task<Expected<CampaignReport>()> task([this, source = source_of(found->second)] {
    auto made = make_report(source, nullptr);
    reporting_ = false;
    return made;
  });
  auto out = task.get_future();
  if (reporting_.exchange(true)) {
    std::promise<Expected<CampaignReport>> busy;
    busy.set_value(fail(ErrorCode::limit, "another report is being made: try again"));
    return busy.get_future();
  }
  if (reporter_.joinable()) reporter_.join();
  reporter_ = std::thread(std::move(task));
  return out;
}

Expected<> Campaigns::write_results(const Entry& entry) const {
  const auto path = spool_.path(Place::active, entry.acceptance.active_name);
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory.valid()) return fail(ErrorCode::io, "opening " + path);
  auto finals = LineFile::create(directory.get(), "recipients.jsonl");
  if (!finals) return std::unexpected(finals.error());
  auto report = make_report(source_of(entry), &*finals);
  if (!report) return std::unexpected(report.error());
  if (entry.stream->state() == queue::StreamState::running) report->state = entry.failed ? "failed" : "done";
  if (auto finished = finals->finish(); !finished) return finished;
  if (report->counts.rejected > 0) {
    if (auto written = write_rejected(entry, directory.get()); !written) return written;
  }
  if (auto written = write_file(directory.get(), "report.json", report_json(*report)); !written)
    return written;
  if (auto written = write_file(directory.get(), "report.html", report_html(*report)); !written)
    return written;
  return sync_descriptor(directory.get(), path);
}

/// The list is read once more: rejected rows are few, and keeping them through crashes would cost every
/// campaign.
Expected<> Campaigns::write_rejected(const Entry& entry, int directory) const {
  auto lines = LineFile::create(directory, "rejected.jsonl");
  if (!lines) return std::unexpected(lines.error());
  const Descriptor folder(::open((options_.data_dir + "/lists").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto file = open_kept(folder.get(), entry.acceptance.kept_name, entry.acceptance.fingerprint);
  if (!file) return std::unexpected(file.error());
  auto reader = RecipientReader::open(entry.acceptance.list_name, std::move(*file),
                                      entry.acceptance.list_kind, options_.limits.list);
  if (!reader) return fail(ErrorCode::invalid_input, reader.error().to_text());
  RowMapper mapper(entry.acceptance.layout, entry.acceptance.list_kind.format);
  MappedRow mapped;
  RowBatch batch;
  for (;;) {
    if (auto read = reader->next(batch); !read) return entry.failed ? lines->finish() : read;
    if (batch.rows.empty()) return lines->finish();
    for (const auto& row : batch.rows) {
      if (!row.accepted()) {
        if (auto written = lines->write(batch.rejections[row.rejection], row.text); !written) return written;
        continue;
      }
      const auto fits = mapper.map(batch, row, reader->columns(), mapped);
      if (fits) continue;
      if (auto written = lines->write(Rejection{row.number, row.line, 1, fits.error().text}, row.text);
          !written) {
        return written;
      }
    }
  }
}

}  // namespace sluice::campaign
