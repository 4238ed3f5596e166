// Pays the debts of the queue (queue/debt.hpp): makes the report to the sender and puts it into the flow of
// the tenant the message came from, as any other transactional message.
//
// Guarantee: one report a debt, across kill -9: report and payment are one batch. A report that cannot be
// made (no such sender, a stored body that is damaged) is dropped, counted and logged. While the flow does
// not take messages (little disk, store away) debts wait.
//
// A thread of its own, which sleeps while nothing is owed.
#pragma once

#include <atomic>
#include <thread>

#include "engine/delivery/flows.hpp"
#include "engine/message/delivery_report.hpp"
#include "metrics/registry.hpp"

namespace sluice::delivery {

struct ReporterOptions {
  std::string host;                       ///< Reporting-MTA
  std::string from;                       ///< address reports are from; empty: MAILER-DAEMON@host
  std::size_t whole_bytes = 50u << 10;    ///< a larger message does not come back whole, whatever RET says
  std::size_t page = 64;                  ///< debts under way at once
  std::chrono::milliseconds look{100};    ///< new debts are looked for so often
  std::chrono::milliseconds again{1000};  ///< after a page that was not paid in full
};

class Reporter {
 public:
  Reporter(ReporterOptions options, queue::Queue& queue, Flows& flows, const store::Segments& segments,
           metrics::Shard& shard);
  ~Reporter();

  void start();
  /// Before the body store and the queue stop.
  void stop();
  /// One page, for tests, in place of start(): how many debts are gone. Waits for the commits.
  [[nodiscard]] Expected<std::size_t> round();

  /// The report of a debt. invalid_input: there is nobody to send it to; corrupt: the debt or what it names
  /// does not decode.
  [[nodiscard]] Expected<RawMessage> compose(const queue::Debt& debt) const;

 private:
  struct Page;
  void run();
  bool pay(const queue::Debt& debt, const std::shared_ptr<Page>& page);
  Expected<> forgive(const queue::Debt& debt, const Error& why);
  void count(std::string_view what);

  const ReporterOptions options_;
  queue::Queue& queue_;
  Flows& flows_;
  const store::Segments& segments_;
  metrics::Shard& shard_;
  std::uint64_t paid_to_ = 0;  ///< no debt up to here is left
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sluice::delivery
