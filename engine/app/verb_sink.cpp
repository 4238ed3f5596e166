// `sink`: the scripted receiver on its own.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/signals.hpp"
#include "engine/app/verbs.hpp"
#include "engine/message/dkim_key.hpp"
#include "engine/message/dkim_record.hpp"
#include "engine/sink/sink.hpp"

namespace sluice::app {
namespace {

struct SinkArguments {
  std::vector<std::string> listen{"127.0.0.1:2525"};
  std::string samples;
  std::size_t sample_every = 1000;
  std::string log;
  std::string stats;
  std::size_t threads = 1;
  std::uint64_t seed = 1;
  bool counting = false;
  sink::InboxOptions inbox;
};

/// "127.0.0.2:2525=gmail-like" or without a persona.
Expected<sink::SinkAddress> address_of(const std::string& text) {
  const auto equals = text.find('=');
  sink::SinkAddress out;
  out.listen = text.substr(0, equals);
  if (equals == std::string::npos) return out;
  auto persona = sink::find_persona(text.substr(equals + 1));
  if (!persona) return std::unexpected(persona.error());
  out.persona = std::move(*persona);
  return out;
}

/// The public halves of the configuration's signing keys, so that the inbox can check what they signed.
/// Without a configuration there are none.
Expected<> add_keys(Context& context, sink::InboxOptions& inbox) {
  const bool given = !context.config_file.empty() || std::getenv("SLUICE_CONFIG") != nullptr;
  if (inbox.listen.empty() || !given) return {};
  const auto loaded = load_config(context);
  if (!loaded) return fail(ErrorCode::invalid_input, "the configuration is not usable");
  for (const auto& one : loaded->config.dkim) {
    const auto key = message::DkimKey::load(one.key_file, one.domain, one.selector);
    if (!key) return std::unexpected(key.error());
    inbox.dkim_records.emplace_back(message::dkim_record_name(key->selector(), key->domain()),
                                    message::dkim_record_text(*key));
  }
  return {};
}

int run(Context& context, const SinkArguments& arguments) {
  Signals signals;
  sink::Options options;
  options.addresses.clear();
  for (const auto& text : arguments.listen) {
    auto address = address_of(text);
    if (!address) return context.complain(address.error());
    options.addresses.push_back(std::move(*address));
  }
  options.threads = arguments.threads;
  options.seed = arguments.seed;
  options.stats_file = arguments.stats;
  if (arguments.counting) options.accounting = sink::Accounting::counting;
  options.ledger.log_file = arguments.log;
  options.samples.dir = arguments.samples;
  options.samples.every = arguments.sample_every;
  options.inbox = arguments.inbox;
  if (auto added = add_keys(context, options.inbox); !added) return context.complain(added.error());
  auto sink = sink::Sink::start(std::move(options));
  if (!sink) return context.complain(sink.error());
  context.out << "ready";
  for (const auto& address : (*sink)->addresses()) context.out << ' ' << address;
  context.out << '\n';
  if (const auto inbox = (*sink)->inbox_address(); !inbox.empty())
    context.out << "inbox=http://" << inbox << "/\n";
  context.out << std::flush;
  while (!signals.next(std::chrono::hours(1))) {
  }
  auto stats = (*sink)->stop();
  if (!stats) return context.complain(stats.error());
  context.out << stats->to_json() << '\n';
  return kExitOk;
}

}  // namespace

void setup_sink(CLI::App& parent, Context& context) {
  auto* verb =
      add_verb(parent, context, "sink", "Receive mail as scripted providers do, count it, deliver nothing",
               "sluice sink --listen 127.0.0.2:2525=gmail-like --inbox 127.0.0.1:8030");
  const auto arguments = std::make_shared<SinkArguments>();  // shared: by the options and the callback
  verb->add_option("--listen", arguments->listen,
                   "address:port, or address:port=PERSONA; several may be given");
  verb->add_option("--samples", arguments->samples, "folder for stored messages (.eml)");
  verb->add_option("--sample-every", arguments->sample_every, "store every n-th message");
  verb->add_option("--log", arguments->log, "file that lists every message id received");
  verb->add_option("--stats", arguments->stats, "file for the statistics (JSON), written at the end");
  verb->add_option("--threads", arguments->threads, "receiving threads");
  verb->add_option("--seed", arguments->seed, "seed of every scripted share");
  verb->add_flag("--counting", arguments->counting, "count only: fastest");
  verb->add_option(
          "--inbox", arguments->inbox.listen,
          "address:port of a page that shows the last messages, and checks their signatures with the "
          "[[dkim]] keys of --config; use a loopback address, there is no log-in")
      ->type_name("ADDRESS");
  verb->add_option("--inbox-every", arguments->inbox.every, "keep every n-th message for it")
      ->check(CLI::PositiveNumber);
  verb->add_option("--inbox-messages", arguments->inbox.max_messages,
                   "kept in memory, at most 64 MiB; the oldest go")
      ->check(CLI::Range(1, 100'000));
  on_run(verb, context, [&context, arguments] { return run(context, *arguments); });
}

}  // namespace sluice::app
