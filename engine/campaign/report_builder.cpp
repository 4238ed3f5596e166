#include "engine/campaign/report_builder.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <map>

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

/// "2026-11-25T19:00:00.000Z" as the feed writes it; the epoch when it is not that.
Instant time_of(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%d-%d-%dT%d:%d:%d.%dZ", &year, &month, &day, &hour, &minute, &second, &ms) !=
      7) {
    return {};
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  return Instant(std::chrono::sys_days(date).time_since_epoch()) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) + std::chrono::milliseconds(ms);
}

std::string reply_of(const element& event) {
  element reply;
  if (event["reply"].get(reply) != simdjson::SUCCESS) return std::string(text_at(event, "detail"));
  std::string out = std::to_string(number_at(reply, "code"));
  if (const auto enhanced = text_at(reply, "enhanced"); !enhanced.empty()) out.append(" ").append(enhanced);
  return out.append(" ").append(text_at(reply, "text"));
}

class Builder {
 public:
  Builder(const queue::Stream& stream, LineFile* finals, const ReportOptions& options)
      : stream_(stream), finals_(finals), options_(options) {}

  Expected<> add(const element& event) {
    if (number_at(event, "stream") != stream_.id) return {};
    const auto kind = text_at(event, "event");
    const auto time = time_of(text_at(event, "time"));
    if (kind == "campaign") return add_state(event, time);
    const bool final = kind == "delivered" || kind == "bounced" || kind == "expired" ||
                       kind == "suppressed" || kind == "cancelled";
    if (!final && kind != "deferred" && kind != "in_doubt") return {};
    if (kind == "suppressed") ++suppressed_[std::string(text_at(event, "reason"))];
    if (kind != "suppressed" && kind != "cancelled") add_attempt(event, kind, time);
    return final && finals_ != nullptr ? add_final(event, kind, time) : Expected<>{};
  }

  CampaignReport finish(const queue::Counters& counters) {
    CampaignReport out;
    out.id = stream_.settings.name;
    out.tenant = stream_.settings.tenant;
    out.state = queue::name_of(stream_.state());
    out.state_reason = state_reason_;
    out.accepted = from_ms(stream_.settings.created_ms);
    out.counts = counts_of(counters);
    if (!seconds_.empty()) {
      out.first_attempt = Instant(std::chrono::seconds(seconds_.begin()->first));
      out.finished = last_;
    }
    out.buckets = buckets();
    for (auto& [name, provider] : providers_) out.providers.push_back(finished(name, provider));
    for (auto& [name, replies] : classes_) out.classes.push_back(finished(name, replies));
    std::ranges::sort(out.classes, std::greater<>(), &ReportClass::count);
    for (const auto& [name, count] : suppressed_) out.suppressed_by.push_back({name, count});
    return out;
  }

 private:
  struct Provider {
    ReportProvider report;
    std::map<std::uint64_t, std::uint64_t> waits;  ///< milliseconds in queue, in steps of 5 % -> deliveries
  };
  using Replies = std::map<std::pair<std::string, std::string>, std::uint64_t>;

  Expected<> add_state(const element& event, Instant) {
    state_reason_ = text_at(event, "detail");
    return {};
  }

  void add_attempt(const element& event, std::string_view kind, Instant time) {
    auto& second = seconds_[std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count()];
    auto& provider = provider_for(event);
    last_ = std::max(last_, time);
    if (kind == "delivered") {
      ++second.delivered;
      ++provider.report.delivered;
      ++provider.waits[step_of(number_at(event, "queued_ms"))];
      return;
    }
    if (kind == "deferred" || kind == "in_doubt") {
      ++second.deferred;
      ++provider.report.deferrals;
    } else {
      ++second.bounced;
      ++provider.report.bounced;
    }
    if (kind == "in_doubt") return;
    auto name = std::string(text_at(event, "class"));
    if (kind == "deferred") name += " (deferred)";
    if (replies_ >= options_.max_replies) return;
    auto& count = classes_[name][{provider.report.name, reply_of(event)}];
    if (count++ == 0) ++replies_;
  }

  Provider& provider_for(const element& event) {
    std::string name(text_at(event, "provider"));
    if (name.empty()) name = "other";
    if (!providers_.contains(name) && providers_.size() >= options_.max_providers) name = "other";
    auto& out = providers_[name];
    out.report.name = name;
    return out;
  }

  Expected<> add_final(const element& event, std::string_view kind, Instant time) {
    FinalLine line;
    line.id = text_at(event, "id");
    if (const auto id = MessageId::parse(line.id)) line.row = id->row();
    line.recipient = text_at(event, "recipient");
    line.state = kind;
    line.reason = text_at(event, kind == "suppressed" ? "reason" : "class");
    const auto reply = reply_of(event);
    line.reply = reply;
    line.time = time;
    line.attempts = static_cast<std::uint32_t>(number_at(event, "attempts"));
    return finals_->write(line);
  }

  static std::uint64_t step_of(std::uint64_t ms) {
    std::uint64_t step = 1;
    while (step < ms) step += std::max<std::uint64_t>(1, step / 20);
    return step;
  }

  static ReportProvider finished(const std::string&, Provider& provider) {
    auto out = provider.report;
    std::uint64_t seen = 0;
    for (const auto& [ms, count] : provider.waits) {
      seen += count;
      if (out.median_queued_ms == 0 && seen * 2 >= out.delivered) out.median_queued_ms = ms;
      if (out.p95_queued_ms == 0 && seen * 100 >= out.delivered * 95) out.p95_queued_ms = ms;
    }
    return out;
  }

  [[nodiscard]] ReportClass finished(const std::string& name, const Replies& replies) const {
    ReportClass out{name, 0, {}};
    for (const auto& [reply, count] : replies) {
      out.count += count;
      out.samples.push_back({reply.first, reply.second, count});
    }
    std::ranges::sort(out.samples, std::greater<>(), &ReportReply::count);
    if (out.samples.size() > options_.samples) out.samples.resize(options_.samples);
    return out;
  }

  [[nodiscard]] std::vector<ReportBucket> buckets() const {
    std::vector<ReportBucket> out;
    if (seconds_.empty()) return out;
    const auto first = seconds_.begin()->first;
    const auto span = seconds_.rbegin()->first - first + 1;
    const auto step = std::max<std::int64_t>(1, (span + static_cast<std::int64_t>(options_.max_buckets) - 1) /
                                                    static_cast<std::int64_t>(options_.max_buckets));
    for (auto at = first; at < first + span; at += step)
      out.push_back({Instant(std::chrono::seconds(at)), 0, 0, 0});
    for (const auto& [second, counts] : seconds_) {
      auto& bucket = out[static_cast<std::size_t>((second - first) / step)];
      bucket.delivered += counts.delivered;
      bucket.bounced += counts.bounced;
      bucket.deferred += counts.deferred;
    }
    return out;
  }

  static ReportCounts counts_of(const queue::Counters& counters) {
    ReportCounts out;
    out.read = counters.injected + counters.rejected;
    out.rejected = counters.rejected;
    out.injected = counters.injected;
    out.delivered = counters.delivered;
    out.bounced = counters.bounced;
    out.expired = counters.expired;
    out.suppressed = counters.suppressed;
    out.cancelled = counters.cancelled;
    out.queued = counters.queued();
    out.deferrals = counters.deferrals;
    out.in_doubt = counters.doubts;
    return out;
  }

  const queue::Stream& stream_;
  LineFile* finals_;
  const ReportOptions& options_;
  std::string state_reason_;
  std::map<std::int64_t, ReportBucket> seconds_;
  std::map<std::string, Provider> providers_;
  std::map<std::string, Replies> classes_;
  std::size_t replies_ = 0;
  std::map<std::string, std::uint64_t> suppressed_;
  Instant last_{};
};

Expected<> read_file(const std::filesystem::path& path, Builder& builder) {
  std::ifstream in(path);
  if (!in) return fail(ErrorCode::io, "reading " + path.string());
  simdjson::dom::parser parser;
  std::uint64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    element event;
    if (parser.parse(line).get(event) != simdjson::SUCCESS) {
      return fail(ErrorCode::corrupt, fmt::format("{}:{} is no JSON", path.string(), number));
    }
    if (auto added = builder.add(event); !added) return added;
  }
  return {};
}

}  // namespace

Expected<CampaignReport> build_report(const queue::Stream& stream, const queue::Counters& counters,
                                      const std::string& events_folder, std::uint64_t first_seq,
                                      LineFile* finals, const ReportOptions& options) {
  Builder builder(stream, finals, options);
  const auto files = queue::event_files(events_folder);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool before = i + 1 < files.size() && queue::first_seq_of(files[i + 1]) <= first_seq;
    if (before) continue;
    if (auto read = read_file(files[i], builder); !read) return std::unexpected(read.error());
  }
  return builder.finish(counters);
}

}  // namespace sluice::campaign
