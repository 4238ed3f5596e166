// The keys of what runs inside: process, spool, campaigns, store, bounds, events.
#include "config/schema_tables.hpp"

namespace sluice::config::tables {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis days(int n) { return hours(24 * n); }

constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};

constexpr std::string_view kLogFormats[] = {"auto", "text", "json"};

constexpr Field kTop[] = {
    field<&Config::data_dir>("data_dir",
                             "store, events/*.jsonl and control.sock live here; created if absent")
        .as(Format::path),
    field<&Config::workers>("workers", "threads that send and receive; 0 is one a core")
        .in(0, 256, "threads"),
    field<&Config::node>("node",
                         "this machine's number inside message ids; differs on every machine of a site")
        .in(0, 4095),
};

constexpr Field kLog[] = {
    field<&Log::level>("level", "lines below this level are dropped").one_of(kLevels).live(),
    field<&Log::format>("format", "of a line: text, or a JSON object; auto is text on a terminal, else JSON")
        .one_of(kLogFormats),
};

constexpr Field kSpool[] = {
    field<&Spool::dir>("dir", "campaigns are dropped into its incoming/; when not set, spool/ in data_dir")
        .as(Format::path)
        .eg("/srv/sluice/spool"),
    field<&Spool::settle>("settle", "a campaign created in place is taken when unchanged for this long")
        .in(Millis{10}, hours(1)),
    field<&Spool::rescan>("rescan", "incoming/ is looked through this often, whatever inotify said")
        .in(Millis{10}, hours(1)),
    field<&Spool::done_keep>("done_keep", "directories in done/ older than this are removed; 0s keeps all")
        .in(Millis{0}, days(3650)),
};

constexpr Field kCampaign[] = {
    field<&CampaignLimits::active>("active", "campaigns not yet done; further ones wait in incoming/")
        .in(1, 100'000, "campaigns"),
    field<&CampaignLimits::list_size>("list_size", "a recipient list larger on disk is rejected")
        .in(kib(1), gib(1024)),
    field<&CampaignLimits::list_unpacked>("list_unpacked",
                                          "a list that unpacks to more ends there, and the campaign fails")
        .in(kib(1), gib(1024)),
    field<&CampaignLimits::compression_ratio>("compression_ratio",
                                              "the same for one that unpacks to more times its size")
        .in(2, 100'000, "times"),
    field<&CampaignLimits::list_columns>("list_columns", "a list of more columns is rejected")
        .in(1, 4096, "columns"),
    field<&CampaignLimits::row_size>("row_size", "a longer row is a rejected row").in(kib(1), mib(16)),
    field<&CampaignLimits::template_size>("template_size", "a larger html or text template is rejected")
        .in(kib(1), mib(64)),
    field<&CampaignLimits::attachments>("attachments", "more are rejected").in(0, 1000, "files"),
    field<&CampaignLimits::inline_images>("inline_images", "more are rejected").in(0, 1000, "files"),
    field<&CampaignLimits::parts_size>("parts_size",
                                       "attachments and inline images together; more are rejected")
        .in(ByteSize{0}, mib(256)),
    field<&CampaignLimits::dedup_memory>(
        "dedup_memory", "seen addresses a campaign keeps in memory; beyond it they go to disk")
        .in(mib(1), gib(16)),
    field<&CampaignLimits::remember_ids>("remember_ids",
                                         "an id dropped again within this time is refused, not sent twice")
        .in(hours(1), days(3650)),
};

constexpr Field kStore[] = {
    field<&Store::commit_interval>("commit_interval",
                                   "outcomes nobody waits for are synced together this often")
        .in(Millis{0}, seconds(1)),
    field<&Store::block_cache>("block_cache", "memory for stored blocks").in(mib(1), gib(64)),
    field<&Store::write_buffer>("write_buffer",
                                "memory for writes not yet in tables, all column families together")
        .in(mib(4), gib(16)),
    field<&Store::wal_size>("wal_size", "write-ahead log on disk before a flush is forced")
        .in(mib(16), gib(64)),
    field<&Store::refuse_below>("refuse_below",
                                "less free disk than this: new work is refused (421, 452), campaigns wait")
        .in(ByteSize{0}, gib(1 << 14)),
    field<&Store::stop_below>("stop_below", "less free disk than this: sending stops too")
        .in(ByteSize{0}, gib(1 << 14)),
    field<&Store::ballast>("ballast",
                           "a file given up when the disk is full, so that answers in hand can be settled")
        .in(ByteSize{0}, gib(16)),
    field<&Store::segment_from>("segment_from",
                                "raw messages of this size, or for several recipients, go to segment files")
        .in(ByteSize{0}, kib(64)),
    field<&Store::segment_size>("segment_size", "a segment file is closed at this size").in(mib(1), gib(4)),
    field<&Store::sent_keep>("sent_keep", "a bounce after delivery still finds its recipient for this long")
        .in(hours(1), days(3650)),
};

constexpr Field kLimits[] = {
    field<&Limits::lanes>("lanes", "lane heads in memory; further lanes are found by sweeping")
        .in(64, 10'000'000, "lanes"),
    field<&Limits::connections>("connections", "outgoing connections open at once; further paths wait")
        .in(1, 1'000'000, "connections"),
    field<&Limits::sites>("sites", "destinations remembered; the longest unused is forgotten first")
        .in(100, 10'000'000, "sites"),
};

constexpr Field kEvents[] = {
    field<&Events::keep>("keep", "event files older than this are removed").in(minutes(1), days(3650)).live(),
    field<&Events::keep_size>("keep_size", "event files beyond this size together are removed, oldest first")
        .in(mib(1), gib(1 << 14))
        .live(),
    field<&Events::file_size>("file_size", "an event file is closed at this size").in(kib(64), gib(4)),
};

constexpr std::string_view kBounceScopes[] = {"tenant", "global"};

constexpr Field kSuppression[] = {
    field<&Suppression::from_bounces>(
        "from_bounces", "hard bounces, complaints and repeated soft bounces suppress the address"),
    field<&Suppression::bounce_scope>("bounce_scope", "whose mail such an entry stops").one_of(kBounceScopes),
    field<&Suppression::domain_keep>("domain_keep",
                                     "a domain that does not exist is suppressed for this long")
        .in(hours(1), days(365)),
    field<&Suppression::soft_events>("soft_events", "a full mailbox is suppressed after so many failures …")
        .in(1, 255, "failures"),
    field<&Suppression::soft_span>("soft_span", "… over at least this long, with no delivery between")
        .in(Millis{0}, days(365)),
    field<&Suppression::soft_spacing>("soft_spacing", "failures closer together than this count once")
        .in(Millis{0}, days(30)),
    field<&Suppression::soft_decay>("soft_decay", "after this long without one they are forgotten")
        .in(hours(1), days(3650)),
    field<&Suppression::subjects>("subjects", "addresses and domains; beyond it new ones are refused")
        .in(1000, 2'000'000'000, "subjects"),
    field<&Suppression::entries_per_subject>("entries_per_subject", "beyond it new ones are refused")
        .in(8, 10'000, "entries"),
    field<&Suppression::recent>("recent",
                                "entries added and not yet applied to waiting mail; beyond it new ones wait")
        .in(1000, 10'000'000, "entries"),
    field<&Suppression::audit_lines>("audit_lines", "kept of what was changed by hand").in(1000, 100'000'000),
};

}  // namespace

std::span<const Field> suppression() { return kSuppression; }
std::span<const Field> top() { return kTop; }
std::span<const Field> log() { return kLog; }
std::span<const Field> spool() { return kSpool; }
std::span<const Field> campaign() { return kCampaign; }
std::span<const Field> store() { return kStore; }
std::span<const Field> limits() { return kLimits; }
std::span<const Field> events() { return kEvents; }

}  // namespace sluice::config::tables
