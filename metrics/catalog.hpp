// Every metric there is, in the order of /metrics. docs/monitoring.md says what each group tells an operator;
// a test keeps that page, the alert rules and this list together, and adds the bounds up: at most kMaxSeries
// lines, whatever is sent, to whomever.
#pragma once

#include "metrics/family.hpp"

namespace sluice::metrics {

inline constexpr std::size_t kMaxSeries = 20'000;  ///< lines of /metrics without comments, at the most

namespace bounds {
inline constexpr double kInQueue[]{1, 5, 30, 120, 600, 1800, 7200, 21600, 86400};
inline constexpr double kStage[]{0.005, 0.025, 0.1, 0.5, 2, 10, 60};
inline constexpr double kMessages[]{1, 2, 5, 10, 20, 50, 100};
inline constexpr double kSign[]{0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.02};
inline constexpr double kCommit[]{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2};
inline constexpr double kBatch[]{1, 2, 5, 10, 20, 50, 100, 500, 2000};
inline constexpr double kDns[]{0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10};
}  // namespace bounds

inline constexpr std::size_t kProviders = 65;   ///< 64 and "other"
inline constexpr std::size_t kWarmups = 128;    ///< sources at providers: two that are new everywhere
inline constexpr std::size_t kPairs = 65 * 17;  ///< provider and source: 64 × 16, and "other" of each

// -- what is queued
inline constexpr Family kQueueRecipients{
    "sluice_queue_recipients",
    "Recipients queued. The total by state is exact, the split by provider an estimate.",
    Type::gauge,
    {Label::queue_state, Label::provider},
    {},
    4 * kProviders};
inline constexpr Family kQueueOldest{
    "sluice_queue_oldest_seconds",
    "How long the oldest recipient has waited: ready since it could be sent, others since acceptance.",
    Type::gauge,
    {Label::queue_state, Label::provider},
    {},
    4 * kProviders};
inline constexpr Family kQueueCountAge{"sluice_queue_count_age_seconds",
                                       "Age of the count behind the split of the queue by provider.",
                                       Type::gauge};
inline constexpr Family kQueueLeased{"sluice_queue_leased_recipients",
                                     "Recipients being attempted: in doubt if the process died now.",
                                     Type::gauge};
inline constexpr Family kQueueResident{"sluice_queue_resident_recipients", "Recipients read into memory.",
                                       Type::gauge};
inline constexpr Family kTenantQueue{"sluice_tenant_queue_recipients",
                                     "Recipients queued, of the tenants that have most.",
                                     Type::gauge,
                                     {Label::tenant},
                                     {},
                                     20};

// -- what happened to recipients, from the event feed
inline constexpr Family kAccepted{
    "sluice_accepted_total", "Recipients accepted.", Type::counter, {Label::door}, {}, 7};
inline constexpr Family kAttempts{"sluice_attempts_total",
                                  "Attempts, by what came of them.",
                                  Type::counter,
                                  {Label::provider, Label::source, Label::attempt_result},
                                  {},
                                  4 * kPairs};
inline constexpr Family kDelivered{"sluice_delivered_total",
                                   "Recipients delivered.",
                                   Type::counter,
                                   {Label::provider, Label::bounce_class},
                                   {},
                                   2 * kProviders};
inline constexpr Family kDeferred{"sluice_deferred_total",
                                  "Failed attempts that will be tried again.",
                                  Type::counter,
                                  {Label::provider, Label::bounce_class},
                                  {},
                                  14 * kProviders};
inline constexpr Family kBounced{
    "sluice_bounced_total", "Recipients bounced.", Type::counter, {Label::provider, Label::bounce_class}, {},
    14 * kProviders};
inline constexpr Family kExpired{"sluice_expired_total",
                                 "Recipients given up because their time was over.",
                                 Type::counter,
                                 {Label::provider},
                                 {},
                                 kProviders};
inline constexpr Family kInDoubt{"sluice_in_doubt_total",
                                 "Attempts whose answer was lost.",
                                 Type::counter,
                                 {Label::provider},
                                 {},
                                 kProviders};
inline constexpr Family kSuppressed{"sluice_suppressed_total",
                                    "Recipients not attempted on purpose.",
                                    Type::counter,
                                    {Label::suppress_reason},
                                    {},
                                    25};
inline constexpr Family kReturned{"sluice_returned_total",
                                  "Bounces that came back after delivery.",
                                  Type::counter,
                                  {Label::provider, Label::bounce_class},
                                  {},
                                  4 * kProviders};
inline constexpr Family kComplaints{"sluice_complaints_total",
                                    "Complaints (feedback loop reports).",
                                    Type::counter,
                                    {Label::provider},
                                    {},
                                    kProviders};
inline constexpr Family kUnsubscribes{
    "sluice_unsubscribes_total", "Unsubscriptions.", Type::counter, {}, {}, 1};
inline constexpr Family kTimeInQueue{"sluice_time_in_queue_seconds",
                                     "From acceptance to delivery.",
                                     Type::histogram,
                                     {Label::provider, Label::lane},
                                     bounds::kInQueue,
                                     2 * kProviders};
inline constexpr Family kReplies{"sluice_replies_total",
                                 "Replies that decided an attempt.",
                                 Type::counter,
                                 {Label::provider, Label::reply_class, Label::enhanced},
                                 {},
                                 32 * kProviders};
inline constexpr Family kEvents{
    "sluice_events_total", "Events written to the feed.", Type::counter, {Label::event}, {}, 21};
inline constexpr Family kEventsDropped{"sluice_events_dropped_total",
                                       "Sequence numbers missing in the feed; must stay 0.", Type::counter};
inline constexpr std::size_t kWebhooks = 16;  ///< endpoints; further ones share `other`
inline constexpr Family kOutboxLag{
    "sluice_outbox_lag", "Committed events a consumer has not taken yet.", Type::gauge, {Label::consumer}, {},
    17 + kWebhooks};

inline constexpr Family kWebhookRequests{"sluice_webhook_requests_total",
                                         "Batches of events posted to an endpoint, by what came of it.",
                                         Type::counter,
                                         {Label::webhook, Label::request_result},
                                         {},
                                         2 * kWebhooks};
inline constexpr Family kWebhookEvents{"sluice_webhook_events_total",
                                       "Events an endpoint has taken.",
                                       Type::counter,
                                       {Label::webhook},
                                       {},
                                       kWebhooks};
inline constexpr Family kWebhookGap{"sluice_webhook_gap_events_total",
                                    "Events gone from the files before an endpoint took them.",
                                    Type::counter,
                                    {Label::webhook},
                                    {},
                                    kWebhooks};
inline constexpr Family kWebhookDisabled{"sluice_webhook_disabled",
                                         "1: the endpoint answered 410 and gets nothing until resumed.",
                                         Type::gauge,
                                         {Label::webhook},
                                         {},
                                         kWebhooks};
inline constexpr Family kReports{"sluice_reports_total",
                                 "Reports to senders of mail taken by SMTP (RFC 3464), by kind.",
                                 Type::counter,
                                 {Label::report_result},
                                 {},
                                 4};

// -- how it is sent
inline constexpr Family kStageSeconds{"sluice_smtp_stage_seconds",
                                      "Time a receiver took, by stage of SMTP.",
                                      Type::histogram,
                                      {Label::stage, Label::provider},
                                      bounds::kStage,
                                      5 * kProviders};
inline constexpr Family kConnections{"sluice_connections",
                                     "Connections to receivers.",
                                     Type::gauge,
                                     {Label::provider, Label::source, Label::connection_state},
                                     {},
                                     2 * kPairs};
inline constexpr Family kMessagesPerConnection{"sluice_messages_per_connection",
                                               "Messages a connection carried before it ended.",
                                               Type::histogram,
                                               {Label::provider},
                                               bounds::kMessages,
                                               kProviders};
inline constexpr Family kTlsSessions{"sluice_tls_sessions_total",
                                     "Connections opened, by their encryption.",
                                     Type::counter,
                                     {Label::tls_version, Label::tls_policy, Label::session_result},
                                     {},
                                     64};
inline constexpr Family kDkimSign{"sluice_dkim_sign_seconds",
                                  "Time to sign one message with all its keys.",
                                  Type::histogram,
                                  {},
                                  bounds::kSign,
                                  1};
inline constexpr Family kThrottleWait{
    "sluice_throttle_wait_seconds_total",
    "Time lanes and paths waited for a limit or a back-off; each counts when its wait ends.",
    Type::counter,
    {Label::wait_reason, Label::provider},
    {},
    5 * kProviders};
inline constexpr Family kBackoffActive{
    "sluice_backoff_active",
    "What backs off now, a path or all of a source at a receiver, by the rule that made it.",
    Type::gauge,
    {Label::provider, Label::source, Label::rule},
    {},
    kPairs};
inline constexpr Family kThrottleLimited{
    "sluice_throttle_limited",
    "Lanes and paths that wait for a limit of the policy now; overrides together as override.",
    Type::gauge,
    {Label::policy},
    {},
    65};
inline constexpr Family kSourceSuspended{
    "sluice_source_suspended",
    "Suspensions of a source, everywhere or at a receiver, by who made them: operator, or a rule.",
    Type::gauge,
    {Label::source, Label::suspend_reason},
    {},
    128};
inline constexpr Family kWarmupQuota{"sluice_warmup_quota",
                                     "Messages a source that warms up may send today.",
                                     Type::gauge,
                                     {Label::source, Label::provider},
                                     {},
                                     kWarmups};
inline constexpr Family kWarmupUsed{"sluice_warmup_used",
                                    "Messages of that quota sent or about to be.",
                                    Type::gauge,
                                    {Label::source, Label::provider},
                                    {},
                                    kWarmups};
inline constexpr Family kWarmupHeld{
    "sluice_warmup_held",
    "1 when the quota did not rise today: too many deferrals or complaints, or nothing was sent.",
    Type::gauge,
    {Label::source, Label::provider},
    {},
    kWarmups};
inline constexpr Family kStalled{"sluice_thread_stalled_seconds",
                                 "How long a thread has not answered; 0 while it does.",
                                 Type::gauge,
                                 {Label::thread},
                                 {},
                                 67};

// -- doors and lookups
inline constexpr Family kInbound{
    "sluice_inbound_total",
    "Messages and requests that came back, by what was made of them; limited, refused: not taken.",
    Type::counter,
    {Label::verdict},
    {},
    12};
inline constexpr Family kDoorRefused{"sluice_door_refused_total",
                                     "What the SMTP doors refused.",
                                     Type::counter,
                                     {Label::refuse_reason},
                                     {},
                                     8};
inline constexpr Family kDnsSeconds{"sluice_dns_seconds", "Time name servers took.",
                                    Type::histogram,      {Label::answer_result},
                                    bounds::kDns,         5};
inline constexpr Family kDnsLookups{"sluice_dns_lookups_total",
                                    "Lookups, by how they were answered.",
                                    Type::counter,
                                    {Label::lookup_result},
                                    {},
                                    5};

// -- the store and the disk
inline constexpr Family kCommitSeconds{
    "sluice_commit_seconds", "Time to write and sync one commit.", Type::histogram, {}, bounds::kCommit, 1};
inline constexpr Family kCommitBatch{
    "sluice_commit_batch", "Submissions that shared one commit.", Type::histogram, {}, bounds::kBatch, 1};
inline constexpr Family kCommitBytes{"sluice_commit_bytes_total", "Bytes of changes committed.",
                                     Type::counter};
inline constexpr Family kCommitFailures{"sluice_commit_failures_total",
                                        "Commits that failed and are tried again.", Type::counter};
inline constexpr Family kCommitPending{"sluice_commit_pending", "Submissions not committed yet.",
                                       Type::gauge};
inline constexpr Family kStoreBytes{"sluice_store_bytes",
                                    "Size of the store: tables and log on disk, memory.",
                                    Type::gauge,
                                    {Label::kind},
                                    {},
                                    4};
inline constexpr Family kDiskFree{"sluice_disk_free_bytes",
                                  "Free disk below data_dir, the ballast taken off.", Type::gauge};
inline constexpr Family kDiskSize{"sluice_disk_size_bytes", "Size of that disk.", Type::gauge};
inline constexpr Family kDiskRefuseBelow{"sluice_disk_refuse_below_bytes",
                                         "With less free than this new work is refused.", Type::gauge};
inline constexpr Family kDiskStopBelow{"sluice_disk_stop_below_bytes",
                                       "With less free than this nothing is sent.", Type::gauge};
inline constexpr Family kWriteStalls{"sluice_write_stalls_total",
                                     "Times the store slowed writes down or stopped them.", Type::counter};
inline constexpr Family kWriteStalled{"sluice_write_stalled", "1 while the store slows or stops writes.",
                                      Type::gauge};

// -- campaigns
inline constexpr Family kCampaigns{
    "sluice_campaigns", "Campaigns not done.", Type::gauge, {Label::campaign_state}, {}, 8};
inline constexpr Family kCampaignEta{"sluice_campaign_eta_seconds",
                                     "When the campaign will be done at its present rate; the largest few.",
                                     Type::gauge,
                                     {Label::tenant, Label::campaign},
                                     {},
                                     20};
inline constexpr Family kCampaignLeft{"sluice_campaign_time_left_seconds",
                                      "Until what the campaign has queued expires; the largest few.",
                                      Type::gauge,
                                      {Label::tenant, Label::campaign},
                                      {},
                                      20};
inline constexpr Family kCampaignRecipients{
    "sluice_campaign_recipients",
    "Recipients of a campaign by what became of them; the largest few.",
    Type::gauge,
    {Label::tenant, Label::campaign, Label::recipient_state},
    {},
    120};
inline constexpr Family kSpoolOldest{"sluice_spool_oldest_file_seconds",
                                     "How long the oldest directory has waited in incoming/.", Type::gauge};

// -- the process
inline constexpr Family kReady{"sluice_ready", "1 when /readyz says ready.", Type::gauge};
inline constexpr Family kBuildInfo{
    "sluice_build_info", "Always 1; the version is a label.", Type::gauge, {Label::version}, {}, 1};
inline constexpr Family kConfigGeneration{
    "sluice_config_generation", "Configurations in force since the start, this one included.", Type::gauge};
inline constexpr Family kDkimKeyCreated{"sluice_dkim_key_created_timestamp_seconds",
                                        "When the file of a DKIM key was last written.",
                                        Type::gauge,
                                        {Label::domain, Label::selector},
                                        {},
                                        64};
inline constexpr Family kCertificateExpiry{"sluice_certificate_expiry_timestamp_seconds",
                                           "When a certificate of a door ends.",
                                           Type::gauge,
                                           {Label::file},
                                           {},
                                           16};
inline constexpr Family kStartTime{"process_start_time_seconds", "When the service started.", Type::gauge};
inline constexpr Family kCpuSeconds{"process_cpu_seconds_total", "CPU time, user and system.", Type::counter};
inline constexpr Family kResidentMemory{"process_resident_memory_bytes", "Resident memory.", Type::gauge};
inline constexpr Family kOpenFiles{"process_open_fds", "Open file descriptors.", Type::gauge};

/// All of them.
[[nodiscard]] std::span<const Family* const> catalog();

}  // namespace sluice::metrics
