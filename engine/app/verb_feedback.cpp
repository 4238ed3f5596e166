// `feedback`: messages that came back, read from files; with --apply what they say is done.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "engine/app/feedback_view.hpp"
#include "engine/app/message_files.hpp"
#include "engine/app/service.hpp"
#include "engine/app/verbs.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kMessageBytes = 512 * 1024;  ///< of one message are given; [http] body_size is 1 MiB

struct Wanted {
  std::vector<std::string> files;
  std::string rules;
  std::string tenant = "default";
  bool apply = false;
  bool trust_recipients = false;
};

/// Gives each message to the running service and prints what it made of it.
class Application {
 public:
  Application(Context& context, const Wanted& wanted, http::Client service)
      : context_(context), wanted_(wanted), service_(std::move(service)) {
    if (wanted.trust_recipients) target_ += "?trust=recipients&tenant=" + http::percent_encode(wanted.tenant);
  }

  int run() {
    int code = kExitOk;
    const auto each = [this](const std::string& name, std::string_view bytes) { one(name, bytes); };
    for (const auto& path : wanted_.files) {
      if (auto done = each_message(path, each, {.message_bytes = kMessageBytes}); !done)
        code = context_.complain(done.error());
      if (failure_) return context_.complain(*failure_);
    }
    if (!context_.json) summary();
    return code;
  }

 private:
  void one(const std::string& name, std::string_view bytes) {
    if (failure_) return;  // nothing is skipped: who runs it again begins with the first that failed
    const auto answer = app::ask(service_, "POST", target_, bytes);
    if (!answer) {
      failure_ = answer.error();
      failure_->text = name + ": " + failure_->text;
      return;
    }
    for (const auto* row : objects_at(*answer, "results")) {
      ++counts_[text_at(*row, "what")];
      if (!context_.json) continue;
      auto out = *row;
      out["file"] = safe_text(name);
      context_.out << json::serialize(out) << '\n';
    }
  }

  void summary() {
    Table table({{"WHAT"}, {"RECIPIENTS", Table::Align::right}});
    for (const auto& [what, count] : counts_) table.add({what, grouped(count)});
    if (!table.empty()) context_.out << table.text(context_.terminal);
    if (counts_["unknown"] > 0 && !wanted_.trust_recipients)
      context_.out << "unknown: no token of ours, or too old; --trust-recipients believes what they say\n";
  }

  Context& context_;
  const Wanted& wanted_;
  const http::Client service_;
  std::string target_ = "/v1/feedback";
  std::map<std::string, std::int64_t> counts_;
  std::optional<Error> failure_;
};

int apply(Context& context, const Wanted& wanted) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  return Application(context, wanted, service_of(loaded->config)).run();
}

}  // namespace

void setup_feedback(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "feedback",
                        "Read bounces, complaints and answers from files: one line per recipient",
                        "sluice feedback --json Maildir/ mbox bounce.eml");
  const auto wanted = std::make_shared<Wanted>();
  verb->add_option("FILE", wanted->files, "a message, an mbox, a maildir or a folder; - is standard input")
      ->required();
  verb->add_option("--rules", wanted->rules, "own rules before the built-in ones; default: [bounce] rules")
      ->type_name("FILE");
  verb->add_flag("--apply", wanted->apply,
                 "have the running service do what follows, for mail it knows by its own token");
  verb->add_flag("--trust-recipients", wanted->trust_recipients,
                 "with --apply: where there is no token, believe the address a report names")
      ->needs("--apply");
  verb->add_option("--tenant", wanted->tenant, "whose suppressions --trust-recipients adds to")
      ->type_name("NAME")
      ->capture_default_str();
  on_run(verb, context, [&context, wanted] {
    if (wanted->apply) return apply(context, *wanted);
    const auto classifier = rules_of(context, wanted->rules);
    return classifier ? print_feedback(context, *classifier, wanted->files) : context.exit_code;
  });
}

}  // namespace sluice::app
