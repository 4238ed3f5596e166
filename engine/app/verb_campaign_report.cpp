// `campaign report`: the report of how it stands now.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/verb_campaign.hpp"
#include "engine/campaign/descriptor.hpp"
#include "engine/http/percent.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::minutes kTimeout{10};  ///< reading the events of ten million recipients takes a while

/// Whole or not at all.
Expected<> write_page(const std::string& path, std::string_view page) {
  const auto temporary = path + ".tmp";
  campaign::Descriptor file(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file.valid()) return campaign::fail_errno("creating " + temporary, errno);
  if (auto written = campaign::write_whole(file.get(), page); !written) return written;
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return campaign::fail_errno("renaming to " + path, errno);
  return {};
}

int report(Context& context, const std::string& id, const std::string& out) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  const http::Client service(loaded->config.data_dir + "/control.sock", {.timeout = kTimeout});
  const auto target =
      fmt::format("/v1/campaigns/{}/report?as={}", http::percent_encode(id), context.json ? "json" : "html");
  const auto made = service.body_of("GET", target);
  if (!made) return context.complain(made.error());
  if (context.json || out == "-") {
    context.out << *made;
    return kExitOk;
  }
  if (auto written = write_page(out, *made); !written) return context.complain(written.error());
  context.out << out << '\n';
  return kExitOk;
}

}  // namespace

void setup_campaign_report(CLI::App& group, Context& context) {
  auto* verb = add_verb(group, context, "report",
                        "Its report as of now, with what came back since it ended (--json: for programs)",
                        "sluice campaign report autumn-2026 --out autumn.html");
  const auto id = std::make_shared<std::string>();  // shared: by the options and the callback
  const auto out = std::make_shared<std::string>("report.html");
  verb->add_option("ID", *id, "the campaign's id, or tenant/id")->required();
  verb->add_option("--out", *out, "the page to write; -: standard output")->type_name("FILE");
  on_run(verb, context, [&context, id, out] { return report(context, *id, *out); });
}

}  // namespace sluice::app
