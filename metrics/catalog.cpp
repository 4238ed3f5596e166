#include "metrics/catalog.hpp"

namespace sluice::metrics {
namespace {

constexpr const Family* kAll[]{
    &kQueueRecipients,   &kQueueOldest,  &kQueueCountAge,   &kQueueLeased,      &kQueueResident,
    &kTenantQueue,       &kAccepted,     &kAttempts,        &kDelivered,        &kDeferred,
    &kBounced,           &kExpired,      &kInDoubt,         &kSuppressed,       &kReturned,
    &kComplaints,        &kUnsubscribes, &kTimeInQueue,     &kReplies,          &kEvents,
    &kEventsDropped,     &kOutboxLag,    &kStageSeconds,    &kConnections,      &kMessagesPerConnection,
    &kTlsSessions,       &kDkimSign,     &kThrottleWait,    &kThrottleLimited,  &kBackoffActive,
    &kStalled,           &kDoorRefused,  &kDnsSeconds,      &kDnsLookups,       &kCommitSeconds,
    &kCommitBatch,       &kCommitBytes,  &kCommitFailures,  &kCommitPending,    &kStoreBytes,
    &kDiskFree,          &kDiskSize,     &kDiskRefuseBelow, &kDiskStopBelow,    &kWriteStalls,
    &kWriteStalled,      &kCampaigns,    &kCampaignEta,     &kCampaignLeft,     &kCampaignRecipients,
    &kSpoolOldest,       &kReady,        &kBuildInfo,       &kConfigGeneration, &kDkimKeyCreated,
    &kCertificateExpiry, &kStartTime,    &kCpuSeconds,      &kResidentMemory,   &kOpenFiles,
};

}  // namespace

std::span<const Family* const> catalog() { return kAll; }

}  // namespace sluice::metrics
