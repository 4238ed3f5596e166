#include "engine/campaign/report_builder.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <fstream>

#include "engine/campaign/report_tally.hpp"
#include "queue/event_log.hpp"

namespace sluice::campaign {
namespace {

using simdjson::dom::element;

std::string_view text_at(const element& event, const char* key) {
  std::string_view out;
  return event[key].get(out) == simdjson::SUCCESS ? out : std::string_view();
}

std::uint64_t number_at(const element& event, const char* key) {
  std::uint64_t out = 0;
  return event[key].get(out) == simdjson::SUCCESS ? out : 0;
}

/// Views belong to the parser.
ReportEvent event_of(const element& line) {
  ReportEvent out;
  out.kind = text_at(line, "event");
  out.time = event_time(text_at(line, "time")).value_or(Instant{});
  out.stream = number_at(line, "stream");
  out.id = text_at(line, "id");
  out.recipient = text_at(line, "recipient");
  out.domain = text_at(line, "domain");
  out.site = text_at(line, "site");
  out.provider = text_at(line, "provider");
  out.source = text_at(line, "source");
  out.mx = text_at(line, "mx");
  out.label = text_at(line, out.kind == "suppressed" ? "reason" : out.kind == "campaign" ? "state" : "class");
  out.detail = text_at(line, "detail");
  out.attempts = number_at(line, "attempts");
  out.queued_ms = number_at(line, "queued_ms");
  out.due = event_time(text_at(line, "due"));
  element reply;
  if (line["reply"].get(reply) != simdjson::SUCCESS) return out;
  out.code = number_at(reply, "code");
  out.enhanced = text_at(reply, "enhanced");
  out.text = text_at(reply, "text");
  return out;
}

Expected<> write_final(LineFile& finals, const ReportEvent& event) {
  FinalLine line;
  line.id = event.id;
  if (const auto id = MessageId::parse(line.id)) line.row = id->row();
  line.recipient = event.recipient;
  line.state = event.kind;
  line.reason = event.label;
  const auto reply = event.reply();
  line.reply = reply;
  line.time = event.time;
  line.attempts = static_cast<std::uint32_t>(event.attempts);
  return finals.write(line);
}

Expected<> read_file(const std::filesystem::path& path, StreamId stream, LineFile* finals,
                     ReportTally& tally) {
  std::ifstream in(path);
  if (!in && !std::filesystem::exists(path)) return {};  // removed by [events] keep since it was listed
  if (!in) return fail(ErrorCode::io, "reading " + path.string());
  simdjson::dom::parser parser;
  std::uint64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    element parsed;
    if (parser.parse(line).get(parsed) != simdjson::SUCCESS) {
      if (in.eof()) return {};  // a last line that is just being written
      return fail(ErrorCode::corrupt, fmt::format("{}:{} is no JSON", path.string(), number));
    }
    const auto about = number_at(parsed, "stream");
    if (about != stream && about != 0) continue;
    const auto event = event_of(parsed);
    tally.add(event);
    if (about != stream || finals == nullptr || !event.is_final()) continue;
    if (auto written = write_final(*finals, event); !written) return written;
  }
  return {};
}

}  // namespace

Expected<CampaignReport> build_report(const queue::Stream& stream,
                                      const std::function<queue::Counters()>& counters,
                                      const std::string& events_folder, std::uint64_t first_seq,
                                      LineFile* finals, Instant now, const ReportOptions& options) {
  const auto& settings = stream.settings;
  ReportTally tally(stream.id, settings.name, settings.tenant, options);
  const auto files = queue::event_files(events_folder);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool before = i + 1 < files.size() && queue::first_seq_of(files[i + 1]) <= first_seq;
    if (before) continue;
    if (auto read = read_file(files[i], stream.id, finals, tally); !read)
      return std::unexpected(read.error());
  }
  auto out = tally.finish(counters(), from_ms(settings.created_ms), now);
  out.id = settings.name;
  out.tenant = settings.tenant;
  out.state = queue::name_of(stream.state());
  return out;
}

}  // namespace sluice::campaign
