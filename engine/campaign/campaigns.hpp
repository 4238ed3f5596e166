// The campaigns of one service: taken from the spool, expanded, watched to their end, reported and moved to
// done/.
//
// tick() is called a few times a second on the control thread and never waits long: expansions run on threads
// of their own, at most Options::expanding at once; reports are made on one more. The store decides what is
// accepted, never the directory.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/campaign/content_source.hpp"
#include "engine/campaign/expansion.hpp"
#include "engine/campaign/intake.hpp"
#include "engine/campaign/report.hpp"
#include "engine/campaign/report_lines.hpp"
#include "engine/campaign/sending_times.hpp"
#include "engine/campaign/spool_watcher.hpp"
#include "queue/event_log.hpp"

namespace sluice::campaign {

struct CampaignsOptions {
  std::string spool;
  std::string data_dir;
  std::string events_folder;
  SpoolWatcher::Options watcher;
  DirectoryLimits limits;
  ServiceAddresses addresses;
  std::size_t dedup_memory_bytes = 64u << 20;
  std::chrono::seconds expire{48 * 3600};    ///< of a campaign that names none
  std::size_t expanding = 2;                 ///< lists expanded at once; further campaigns wait
  std::size_t active = 1000;                 ///< campaigns not done; beyond it new ones wait in incoming/
  std::chrono::hours remember_ids{90 * 24};  ///< an id is refused so long after it was accepted
  std::chrono::seconds done_keep{0};         ///< directories in done/ are removed after this; 0: never
};

/// nullopt: the tenant may send from that domain; else why not and what would be right.
using FromCheck =
    std::function<std::optional<std::string>(const std::string& tenant, const std::string& domain)>;
/// Compiles the content as delivery will, so that what cannot be sent is never accepted.
using ContentCheck = std::function<Expected<>(const message::CampaignParts& parts)>;

struct CampaignView {
  queue::StreamPtr stream;
  Acceptance acceptance;
  bool expanded = false;
  std::string note;  ///< why it is held, waits to be read, or failed
};

class Campaigns {
 public:
  [[nodiscard]] static Expected<std::unique_ptr<Campaigns>> open(
      queue::Queue& queue, const queue::EventLog& log, const Clock& clock, CampaignsOptions options,
      FromCheck from_check, ContentCheck content_check, shaping::Canary& canary,
      suppression::Book* suppressed = nullptr);
  ~Campaigns();

  /// Takes what is new, starts expansions, finishes what is done. One thread (control).
  void tick(Instant now);
  /// Nothing of it is sent until an operator resumes it; the reason is what `campaign show` says. No effect
  /// on one that is over or paused. Control thread.
  void hold(StreamId campaign, const std::string& reason);
  /// An operator has resumed it: it goes on without a canary. Control thread.
  void resumed(StreamId campaign);
  /// Expansions stop at the next run; reports in hand are finished.
  void stop();

  [[nodiscard]] const SendingTimes& times() const { return times_; }
  /// Campaigns the store knows, newest first. Control thread.
  [[nodiscard]] std::vector<CampaignView> all() const;
  /// "name" or "tenant/name".
  [[nodiscard]] std::optional<CampaignView> find(std::string_view name) const;
  /// A report of how it stands now, made from the event files on a thread of its own: with what came back
  /// after its end, for as long as the files are kept. Nothing: no such campaign. ErrorCode::limit while
  /// another one is being made. Control thread; the future is ready before stop() returns.
  [[nodiscard]] std::optional<std::future<Expected<CampaignReport>>> report(std::string_view name);

 private:
  struct Running {
    std::thread thread;
    std::atomic<bool> stop{false};
    std::future<ExpansionResult> result;
  };
  struct Entry {
    queue::StreamPtr stream;
    Acceptance acceptance;
    bool expanded = false;
    bool failed = false;
    std::string note;
    std::string hold_reason;  ///< since hold(); forgotten at a restart (the feed has it)
    std::unique_ptr<Running> running;
    std::future<Expected<>> closing;
    std::chrono::steady_clock::time_point
        close_again{};  ///< not before, after its results could not be written
  };

  Campaigns(queue::Queue& queue, const queue::EventLog& log, const Clock& clock, CampaignsOptions options,
            FromCheck from_check, ContentCheck content_check, shaping::Canary& canary, Spool spool);
  void look_at_canaries(Instant now);
  Expected<> load();
  void take_incoming(Instant now);
  Answer accept(Offer& offer);
  [[nodiscard]] Answer keep(Offer& offer, message::CampaignParts parts);
  void start_expansions();
  void collect(Entry& entry);
  void sweep(Entry& entry);
  void close_finished(Entry& entry);
  struct ReportSource {
    queue::StreamPtr stream;
    Acceptance acceptance;
    std::string note;
  };
  [[nodiscard]] static ReportSource source_of(const Entry& entry);
  [[nodiscard]] Expected<CampaignReport> make_report(const ReportSource& source, LineFile* finals) const;
  [[nodiscard]] Expected<> write_results(const Entry& entry) const;
  [[nodiscard]] Expected<> write_rejected(const Entry& entry, int directory) const;
  [[nodiscard]] std::size_t expanding() const;

  queue::Queue& queue_;
  const queue::EventLog& log_;
  const Clock& clock_;
  const CampaignsOptions options_;
  const FromCheck from_check_;
  const ContentCheck content_check_;
  shaping::Canary& canary_;
  suppression::Book* suppressed_ = nullptr;  ///< null: nobody is
  Spool spool_;
  SendingTimes times_;
  std::unique_ptr<SpoolWatcher> watcher_;
  std::map<StreamId, Entry> entries_;
  std::chrono::steady_clock::time_point look_at_done_{};
  std::thread reporter_;                ///< of report()
  std::atomic<bool> reporting_{false};  ///< it has not made its report yet
  std::optional<Entry> accepted_;       ///< by accept(), until take_in returns
};

}  // namespace sluice::campaign
