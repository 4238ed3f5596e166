// `webhook list|test|replay|resume`.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/terminal.hpp"
#include "engine/app/verbs.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

struct WebhookArguments {
  std::string name;
  std::uint64_t from = 0;
};

int print_webhooks(Context& context, const boost::json::object& answer) {
  if (context.json) {
    context.out << boost::json::serialize(answer) << '\n';
    return kExitOk;
  }
  using enum Table::Align;
  Table table({{"WEBHOOK"},
               {"STATE"},
               {"AFTER", right},
               {"LAG", right},
               {"SENT", right},
               {"MISSING", right},
               {"FAILURES", right},
               {"LAST ERROR"}});
  for (const auto* row : objects_at(answer, "webhooks")) {
    const auto again = text_at(*row, "next_try");
    table.add({text_at(*row, "name"), text_at(*row, "state") + (again.empty() ? "" : " until " + again),
               grouped(number_at(*row, "after")), grouped(number_at(*row, "lag")),
               grouped(number_at(*row, "events")), grouped(number_at(*row, "missing")),
               grouped(number_at(*row, "failures")), text_at(*row, "error")});
  }
  context.out << (table.empty() ? "There are no webhooks.\n" : table.text(context.terminal));
  return kExitOk;
}

int print_test(Context& context, const boost::json::object& answer) {
  const auto status = number_at(answer, "status");
  const bool ok = status >= 200 && status < 300;
  if (context.json) {
    context.out << boost::json::serialize(answer) << '\n';
  } else if (status == 0) {
    context.out << "No answer: " << text_at(answer, "error") << '\n';
  } else {
    context.out << fmt::format("Status {} after {} ms{}\n", status, number_at(answer, "took_ms"),
                               ok ? "" : ": " + safe_text(text_at(answer, "answer")));
  }
  return ok ? kExitOk : kExitFailures;
}

std::string target_of(const WebhookArguments& arguments, const char* what) {
  return fmt::format("/v1/webhooks/{}/{}", http::percent_encode(arguments.name), what);
}

std::shared_ptr<WebhookArguments> named(CLI::App* verb) {
  auto out = std::make_shared<WebhookArguments>();  // shared: by the options and the callback
  verb->add_option("NAME", out->name, "its name in the configuration")->required();
  return out;
}

}  // namespace

void setup_webhook(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "webhook", "HTTP endpoints that get the events");
  auto* list = add_verb(*group, context, "list", "Each endpoint, how far it is, and what went wrong last",
                        "sluice webhook list --json");
  on_run(list, context, [&context] {
    const auto answer = ask_service(context, "GET", "/v1/webhooks");
    return answer ? print_webhooks(context, *answer) : context.exit_code;
  });
  auto* test = add_verb(*group, context, "test", "Post one signed request of type `test` now",
                        "sluice webhook test crm");
  on_run(test, context, [&context, chosen = named(test)] {
    const auto answer = ask_service(context, "POST", target_of(*chosen, "test"));
    return answer ? print_test(context, *answer) : context.exit_code;
  });
  auto* replay =
      add_verb(*group, context, "replay",
               "Events go again from a number on, under new ids; a disabled endpoint gets them too",
               "sluice webhook replay crm --from 120000");
  const auto from = named(replay);
  replay->add_option("--from", from->from, "seq of the first event")->required();
  on_run(replay, context, [&context, from] {
    const auto answer =
        ask_service(context, "POST", fmt::format("{}?from={}", target_of(*from, "replay"), from->from));
    return answer ? print_webhooks(context, *answer) : context.exit_code;
  });
  auto* resume = add_verb(*group, context, "resume",
                          "An endpoint that answered 410 goes on where it was; one that waits tries now",
                          "sluice webhook resume crm");
  on_run(resume, context, [&context, chosen = named(resume)] {
    const auto answer = ask_service(context, "POST", target_of(*chosen, "resume"));
    return answer ? print_webhooks(context, *answer) : context.exit_code;
  });
}

}  // namespace sluice::app
