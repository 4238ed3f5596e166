// `feedback`: messages that came back, read from files.
#include <memory>
#include <string>
#include <vector>

#include "engine/app/feedback_view.hpp"
#include "engine/app/verbs.hpp"

namespace sluice::app {

void setup_feedback(CLI::App& parent, Context& context) {
  struct Wanted {
    std::vector<std::string> files;
    std::string rules;
  };
  auto* verb = add_verb(parent, context, "feedback",
                        "Read bounces, complaints and answers from files: one line per recipient",
                        "sluice feedback --json Maildir/ mbox bounce.eml");
  const auto wanted = std::make_shared<Wanted>();
  verb->add_option("FILE", wanted->files, "a message, an mbox, a maildir or a folder; - is standard input")
      ->required();
  verb->add_option("--rules", wanted->rules, "own rules before the built-in ones; default: [bounce] rules")
      ->type_name("FILE");
  on_run(verb, context, [&context, wanted] {
    const auto classifier = rules_of(context, wanted->rules);
    return classifier ? print_feedback(context, *classifier, wanted->files) : context.exit_code;
  });
}

}  // namespace sluice::app
