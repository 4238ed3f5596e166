// What a campaign came to, as plain values: filled from the store and the event feed, written as report.json
// (report_json.hpp) and report.html (report_html.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"

namespace sluice::campaign {

struct ReportCounts {
  std::uint64_t read = 0;      ///< rows of the list = injected + rejected
  std::uint64_t rejected = 0;  ///< rows that name no recipient
  std::uint64_t injected = 0;
  std::uint64_t delivered = 0;  ///< these five are final …
  std::uint64_t bounced = 0;
  std::uint64_t expired = 0;
  std::uint64_t suppressed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t queued = 0;     ///< … and this is not yet
  std::uint64_t deferrals = 0;  ///< attempts that were put off, not recipients
  std::uint64_t in_doubt = 0;
  std::uint64_t returned = 0;  ///< after-events: they never change a final
  std::uint64_t complaints = 0;
  std::uint64_t unsubscribed = 0;

  /// The promise: nobody is counted twice or lost.
  [[nodiscard]] bool balanced() const {
    return read == injected + rejected &&
           injected == delivered + bounced + expired + suppressed + cancelled + queued;
  }
};

/// What happened from `start` to the next bucket's start.
struct ReportBucket {
  Instant start;
  std::uint64_t delivered = 0;
  std::uint64_t bounced = 0;
  std::uint64_t deferred = 0;
};

struct ReportProvider {
  std::string name;
  std::uint64_t delivered = 0;
  std::uint64_t bounced = 0;
  std::uint64_t deferrals = 0;
  std::uint64_t queued = 0;
  std::uint64_t median_queued_ms = 0;  ///< acceptance to delivery
  std::uint64_t p95_queued_ms = 0;
};

/// A reply as the remote server gave it; untrusted.
struct ReportReply {
  std::string provider;
  std::string text;  ///< "550 5.1.1 no such user"
  std::uint64_t count = 0;
};

struct ReportClass {
  std::string name;  ///< of the bounce vocabulary: invalid-recipient, mailbox-full …
  std::uint64_t count = 0;
  std::vector<ReportReply> samples;
};

struct ReportReason {
  std::string name;  ///< duplicate, list, tenant, global, unsubscribed
  std::uint64_t count = 0;
};

/// A limit or back-off that held this campaign's mail, in words.
struct ReportThrottle {
  std::string path;  ///< "mta-a > example.test"
  std::string why;
  Instant from;
  std::optional<Instant> until;
};

struct CampaignReport {
  std::string id;
  std::string tenant;
  std::string subject;
  std::string from;
  std::string state;  ///< done, failed, cancelled, running …
  std::string state_reason;
  Instant accepted;
  std::optional<Instant> first_attempt;
  std::optional<Instant> finished;
  ReportCounts counts;
  std::vector<ReportBucket> buckets;  ///< ascending, evenly spaced
  std::vector<ReportProvider> providers;
  std::vector<ReportClass> classes;
  std::vector<ReportReason> suppressed_by;
  std::vector<ReportThrottle> throttles;
};

}  // namespace sluice::campaign
