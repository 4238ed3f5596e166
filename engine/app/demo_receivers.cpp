#include "engine/app/demo_receivers.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <sstream>
#include <utility>

#include "engine/app/demo_plan.hpp"
#include "engine/app/signals.hpp"
#include "engine/campaign/descriptor.hpp"
#include "engine/sink/sink.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024;

sink::Options sink_options(const DemoReceiversOptions& options) {
  sink::Options out;
  out.addresses.clear();
  for (const auto& provider : demo_providers()) out.addresses.push_back({provider.listen, provider.persona});
  out.seed = options.seed;
  out.ledger.log_file = options.log_file;
  out.samples.dir = options.samples;
  out.samples.every = options.sample_every;
  return out;
}

/// The child's life: says "ok ADDRESS…" or "no REASON", then receives until SIGTERM. Ctrl-C on the terminal
/// reaches it too and is the demo's business.
int receive(const DemoReceiversOptions& options, campaign::Descriptor answer, pid_t demo) {
  Signals signals;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != demo) return 1;  // it was gone before it could be missed
  auto sink = sink::Sink::start(sink_options(options));
  std::string said = sink ? "ok" : "no " + sink.error().text;
  if (sink) {
    for (const auto& address : (*sink)->addresses()) said += ' ' + address;
  }
  const auto written = campaign::write_whole(answer.get(), said);
  answer = {};
  if (!sink || !written) return 1;
  while (signals.next(std::chrono::hours(1)) != SIGTERM) {
  }
  return (*sink)->stop() ? 0 : 1;
}

}  // namespace

Expected<DemoReceivers> DemoReceivers::start(const DemoReceiversOptions& options) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return campaign::fail_errno("making a pipe", errno);
  const campaign::Descriptor from(ends[0]);
  campaign::Descriptor to(ends[1]);
  const auto demo = ::getpid();
  const auto process = ::fork();
  if (process < 0) return campaign::fail_errno("starting the receivers", errno);
  if (process == 0) ::_exit(receive(options, std::move(to), demo));
  to = {};
  DemoReceivers out;
  out.process_ = process;
  const auto said = campaign::read_whole(from.get(), kMaxAnswer);
  if (!said) return std::unexpected(said.error());
  if (!said->starts_with("ok "))
    return fail(ErrorCode::io,
                "starting the receivers: " + (said->size() > 3 ? said->substr(3) : "they ended at once"));
  std::istringstream words(said->substr(3));
  for (std::string word; words >> word;) out.addresses_.push_back(word);
  return out;
}

DemoReceivers::DemoReceivers(DemoReceivers&& other) noexcept
    : process_(std::exchange(other.process_, -1)), addresses_(std::move(other.addresses_)) {}

DemoReceivers::~DemoReceivers() { static_cast<void>(stop()); }

Expected<> DemoReceivers::stop() {
  if (process_ < 0) return {};
  const auto process = std::exchange(process_, -1);
  ::kill(process, SIGTERM);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::io, "the receivers did not end well: what they wrote down may not be complete");
}

}  // namespace sluice::app
