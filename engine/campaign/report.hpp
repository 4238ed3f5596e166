// What a campaign came to, as plain values: filled from the store and the event feed, written as report.json
// (report_json.hpp) and report.html (report_html.hpp).
//
// `counts` are the exact accounts of the store. Everything else is read from the event files; where those
// lack something, `missing` says how much, so that no sum is silently short.
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
  std::uint64_t expired = 0;
  std::uint64_t in_doubt = 0;
};

/// What came back for mail that had been delivered, from `start` to the next bucket's start.
struct ReportAfter {
  Instant start;
  std::uint64_t returned = 0;
  std::uint64_t complaints = 0;
  std::uint64_t unsubscribed = 0;
};

struct ReportProvider {
  std::string name;
  std::uint64_t delivered = 0;
  std::uint64_t bounced = 0;
  std::uint64_t deferrals = 0;
  std::uint64_t queued = 0;
  std::uint64_t median_queued_ms = 0;  ///< acceptance to delivery
  std::uint64_t p95_queued_ms = 0;
  std::uint64_t expired = 0;
  std::uint64_t in_doubt = 0;
  std::uint64_t returned = 0;
  std::uint64_t complaints = 0;
  std::uint64_t unsubscribed = 0;
};

/// A recipient domain; its name is untrusted.
struct ReportDomain {
  std::string name;
  std::string provider;
  std::uint64_t delivered = 0;
  std::uint64_t bounced = 0;
  std::uint64_t expired = 0;
  std::uint64_t deferrals = 0;
  std::uint64_t returned = 0;
  std::uint64_t complaints = 0;

  [[nodiscard]] std::uint64_t failed() const { return bounced + expired; }
  [[nodiscard]] std::uint64_t tried() const { return delivered + failed(); }
};

/// A reply as the remote server gave it; untrusted. Replies that differ in numbers only are one.
struct ReportReply {
  std::string provider;
  std::string text;  ///< "550 5.1.1 no such user": the first of its kind
  std::uint64_t count = 0;
};

struct ReportClass {
  std::string name;  ///< of the bounce vocabulary: invalid-recipient, mailbox-full …
  std::uint64_t count = 0;
  std::vector<ReportReply> samples = {};
  std::string kind = "bounced";  ///< or deferred, expired, returned: what was counted
  std::uint64_t replies = 0;     ///< different replies told apart
  std::uint64_t uncounted = 0;   ///< of `count`: their reply came beyond ReportOptions::max_replies
};

struct ReportReason {
  std::string name;  ///< duplicate, list, tenant, global, unsubscribed
  std::uint64_t count = 0;
};

/// A back-off, suspension or pause that held this campaign's mail.
struct ReportThrottle {
  std::string path;  ///< "mta-a > example.test"
  std::string why;
  Instant from;
  std::optional<Instant> until = {};  ///< equal to `from`: a moment; nothing: it still held
  std::string kind = "backoff";       ///< or suspended, warmup, paused, alert
  std::string effect = {};            ///< "message_rate 50/s"; "" where `why` says it all
  std::string last_effect = {};       ///< after the last change
  std::uint64_t changes = 0;          ///< of the effect, after the first
};

/// What the exact accounts have and the event files have not: their lines were removed, or are not yet
/// written.
struct ReportMissing {
  std::uint64_t finals = 0;
  std::uint64_t attempts = 0;  ///< deferrals and doubts
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
  std::optional<Instant> finished;  ///< the last attempt
  ReportCounts counts;
  std::vector<ReportBucket> buckets;  ///< ascending, evenly spaced
  std::vector<ReportProvider> providers;
  std::vector<ReportClass> classes;
  std::vector<ReportReason> suppressed_by;
  std::vector<ReportThrottle> throttles;  ///< by begin
  std::vector<ReportAfter> after;         ///< ascending, evenly spaced
  std::vector<ReportDomain> domains;      ///< those with the worst share of failures, the worst first
  std::uint64_t domains_seen = 0;         ///< told apart
  std::uint64_t domains_beyond = 0;       ///< finals at domains beyond ReportOptions::max_domains
  std::uint64_t throttles_beyond = 0;     ///< begun beyond ReportOptions::max_throttles
  ReportMissing missing;
  Instant made;
};

}  // namespace sluice::campaign
