#include "engine/control/meters.hpp"

#include <fmt/format.h>

#include "engine/control/file_ages.hpp"
#include "engine/control/process_usage.hpp"
#include "engine/control/service.hpp"
#include "metrics/catalog.hpp"

namespace sluice::control {
namespace {

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }
double seconds(Instant at) { return std::chrono::duration<double>(at.time_since_epoch()).count(); }
double number(std::uint64_t n) { return static_cast<double>(n); }

}  // namespace

Meters::Meters(Service& service, metrics::Registry& registry) : service_(service), registry_(registry) {
  connect_store();
  connect_resolver();
  for (std::size_t i = 0; i < service.delivery().workers(); ++i) {
    probe_.watch(fmt::format("delivery-{}", i), [&service, i](std::function<void()> task) {
      service.delivery().worker(i).post(std::move(task));
    });
  }
  for (const auto sample : {&Meters::sample_queue, &Meters::sample_threads, &Meters::sample_lookups,
                            &Meters::sample_store, &Meters::sample_campaigns, &Meters::sample_limits,
                            &Meters::sample_sources, &Meters::sample_process, &Meters::sample_keys}) {
    registry_.add_sampler([this, sample](metrics::Samples& out) { (this->*sample)(out); });
  }
}

void Meters::connect_store() {
  auto& shard = registry_.make_shard();  // the committer's
  auto* const took = &shard.histogram(metrics::kCommitSeconds, {});
  auto* const works = &shard.histogram(metrics::kCommitBatch, {});
  service_.queue().committer().set_meter([took, works](const store::Commit& commit) {
    took->observe(seconds(commit.took));
    works->observe(number(commit.works));
  });
}

void Meters::connect_resolver() {
  auto& shard = registry_.make_shard();  // the resolver's
  const auto limit = service_.options().resolver.query_timeout;
  service_.resolver().set_meter([&shard, limit](const dns::Answer& answer, std::chrono::nanoseconds took) {
    const char* result = took >= limit        ? "timeout"
                         : answer.temporary() ? "failed"
                         : answer.negative()  ? "negative"
                                              : "ok";
    shard.histogram(metrics::kDnsSeconds, {result}).observe(seconds(took));
  });
}

void Meters::tick(Instant now) {
  probe_.tick(now);
  if (now < next_look_) return;
  next_look_ = now + kFilesEvery;
  look_at_files();
}

std::string Meters::page() {
  service_.desk().watch(service_.clock().now());
  return metrics::to_text(registry_);
}

std::vector<std::string> Meters::stalled() const {
  std::vector<std::string> out;
  for (const auto& stall : probe_.stalls(service_.clock().now())) {
    if (stall.since < kStallTold) continue;
    out.push_back(fmt::format("thread {} has not answered for {:.0f} s", stall.thread, stall.since.count()));
  }
  return out;
}

void Meters::look_at_files() {
  const auto& options = service_.options();
  log_bytes_ = number(bytes_of_files(options.queue.store.path, ".log"));
  spool_age_s_ = oldest_entry_age(options.campaigns.spool + "/incoming").count();
  certificates_.clear();
  std::vector<std::string> files{options.inbound.certificate_file, options.inbound.pages_certificate_file};
  for (const auto& door : options.doors) files.push_back(door.certificate_file);
  for (const auto& file : files) {
    if (file.empty() || certificates_.size() >= metrics::kCertificateExpiry.max_children) continue;
    const auto end = certificate_end(file);
    if (end) certificates_.emplace_back(file, number(static_cast<std::uint64_t>(*end)));
  }
}

void Meters::sample_threads(metrics::Samples& out) const {
  for (const auto& stall : probe_.stalls(service_.clock().now())) {
    out.put(metrics::kStalled, {stall.thread}, stall.since.count());
  }
  const auto committed = service_.queue().ledger().committed_seq();
  const auto exported = service_.events().exported();
  out.put(metrics::kOutboxLag, {"export"}, number(committed > exported ? committed - exported : 0));
  for (const auto& one : service_.webhooks().views()) {
    out.put(metrics::kOutboxLag, {"webhook:" + one.name},
            number(committed > one.after ? committed - one.after : 0));
    out.put(metrics::kWebhookDisabled, {one.name}, one.disabled_ms != 0 ? 1 : 0);
  }
}

void Meters::sample_lookups(metrics::Samples& out) const {
  const auto dns = service_.resolver().stats();
  out.put(metrics::kDnsLookups, {"cached"}, number(dns.hits));
  out.put(metrics::kDnsLookups, {"joined"}, number(dns.joined));
  out.put(metrics::kDnsLookups, {"asked"}, number(dns.asked));
  out.put(metrics::kDnsLookups, {"refused"}, number(dns.refused));
  const auto* doors = service_.doors();
  if (doors == nullptr) return;
  delivery::DoorStats sum;
  for (const auto& door : doors->doors()) {
    const auto stats = door->stats();
    sum.relay_refused += stats.relay_refused;
    sum.recipients_refused += stats.recipients_refused;
    sum.messages_refused += stats.messages_refused;
    sum.messages_deferred += stats.messages_deferred;
  }
  out.put(metrics::kDoorRefused, {"relay"}, number(sum.relay_refused));
  out.put(metrics::kDoorRefused, {"recipient"}, number(sum.recipients_refused));
  out.put(metrics::kDoorRefused, {"message"}, number(sum.messages_refused));
  out.put(metrics::kDoorRefused, {"deferred"}, number(sum.messages_deferred));
}

void Meters::sample_store(metrics::Samples& out) const {
  const auto& database = service_.queue().database();
  const auto commits = service_.queue().committer().stats();
  out.put(metrics::kCommitBytes, {}, number(commits.bytes));
  out.put(metrics::kCommitFailures, {}, number(commits.failures));
  out.put(metrics::kCommitPending, {}, number(service_.queue().committer().pending()));
  out.put(metrics::kStoreBytes, {"tables"}, number(database.property_sum("rocksdb.total-sst-files-size")));
  out.put(metrics::kStoreBytes, {"memory"}, number(database.property_sum("rocksdb.cur-size-all-mem-tables")));
  out.put(metrics::kStoreBytes, {"log"}, log_bytes_);
  out.put(metrics::kWriteStalls, {}, number(database.stalls().stalls()));
  out.put(metrics::kWriteStalled, {}, database.stalls().stalled() ? 1 : 0);
  const auto& disk = service_.disk();
  out.put(metrics::kDiskFree, {}, number(disk.last().free_bytes));
  out.put(metrics::kDiskSize, {}, number(disk.last().total_bytes));
  out.put(metrics::kDiskRefuseBelow, {}, number(disk.limits().refuse_below));
  out.put(metrics::kDiskStopBelow, {}, number(disk.limits().stop_below));
}

void Meters::sample_process(metrics::Samples& out) const {
  out.put(metrics::kReady, {}, service_.not_ready().empty() ? 1 : 0);
  out.put(metrics::kBuildInfo, {service_.options().version}, 1);
  out.put(metrics::kConfigGeneration, {}, number(generation_.load(std::memory_order_relaxed)));
  out.put(metrics::kStartTime, {}, seconds(service_.started()));
  const auto usage = process_usage();
  out.put(metrics::kCpuSeconds, {}, usage.cpu_s);
  out.put(metrics::kResidentMemory, {}, number(usage.resident_bytes));
  out.put(metrics::kOpenFiles, {}, number(usage.open_files));
}

void Meters::sample_keys(metrics::Samples& out) const {
  for (const auto& key : service_.options().dkim) {
    const auto written = last_written(key.path);
    if (written)
      out.put(metrics::kDkimKeyCreated, {key.domain, key.selector},
              number(static_cast<std::uint64_t>(*written)));
  }
  for (const auto& [file, end] : certificates_) out.put(metrics::kCertificateExpiry, {file}, end);
}

}  // namespace sluice::control
