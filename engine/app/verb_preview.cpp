// `preview DIR --row N`: the message one recipient would get.
#include <fcntl.h>
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <memory>
#include <ostream>

#include "config/options.hpp"
#include "engine/app/service.hpp"
#include "engine/app/verbs.hpp"
#include "engine/base/clock.hpp"
#include "engine/campaign/content_source.hpp"
#include "engine/campaign/recipient_reader.hpp"
#include "engine/campaign/row_mapper.hpp"
#include "engine/message/content.hpp"

namespace sluice::app {
namespace {

struct Wanted {
  std::string directory;
  std::uint64_t row = 1;
  bool raw = false;
};

std::unexpected<Error> as_error(const campaign::Problems& problems) {
  std::string text;
  for (const auto& problem : problems.list()) text += (text.empty() ? "" : "; ") + problem.to_text();
  return fail(ErrorCode::invalid_input, text);
}

/// The list's row `number`, from 1.
Expected<campaign::MappedRow> row_at(campaign::CampaignDirectory& found, std::uint64_t number,
                                     const campaign::ListLimits& limits) {
  auto reader = campaign::RecipientReader::open(found.spec.recipients, std::move(found.list.file),
                                                found.list_kind, limits);
  if (!reader) return fail(ErrorCode::invalid_input, reader.error().to_text());
  const auto missing = [&] {
    return fail(ErrorCode::not_found,
                fmt::format("{} has only {} rows", found.spec.recipients, reader->rows_read()));
  };
  if (number > 1 && !reader->skip_through(number - 1)) return missing();
  campaign::RowBatch batch;
  if (auto next = reader->next(batch); !next) return std::unexpected(std::move(next.error()));
  if (batch.rows.empty()) return missing();
  const auto& row = batch.rows.front();
  if (!row.accepted()) {
    return fail(ErrorCode::invalid_input,
                fmt::format("row {} is rejected: {}", number, batch.rejections[row.rejection].reason));
  }
  campaign::MappedRow mapped;
  campaign::RowMapper mapper(found.layout, reader->format());
  auto done = mapper.map(batch, row, reader->columns(), mapped);
  if (!done) return fail(std::move(done.error()), fmt::format("row {} is rejected", number));
  return mapped;
}

int print_raw(Context& context, const message::CampaignContent& content, const message::RenderInput& input) {
  message::RenderedMessage rendered;
  if (auto done = content.render(input, rendered); !done) return context.complain(done.error());
  for (const auto& piece :
       {std::string_view(rendered.header), std::string_view(rendered.body), rendered.tail}) {
    context.out << piece;
  }
  return kExitOk;
}

int print_preview(Context& context, const message::CampaignContent& content,
                  const message::RenderInput& input) {
  const auto preview = content.preview(input);
  if (!preview) return context.complain(preview.error());
  if (context.json) {
    context.out << boost::json::serialize(boost::json::object{{"recipient", input.recipient},
                                                              {"subject", preview->subject},
                                                              {"text", preview->text},
                                                              {"html", preview->html}})
                << '\n';
    return kExitOk;
  }
  context.out << styled(context.terminal, Style::bold, "To: ") << safe_text(input.recipient) << '\n'
              << styled(context.terminal, Style::bold, "Subject: ") << safe_text(preview->subject) << "\n\n";
  std::string_view rest = preview->text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    context.out << safe_text(line) << '\n';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const auto& warning : content.warnings()) {
    context.err << styled(context.terminal, Style::yellow, "note: ") << safe_text(warning) << '\n';
  }
  return kExitOk;
}

int preview(Context& context, const Wanted& wanted) {
  const auto loaded = load_config(context);
  if (!loaded) return context.exit_code;
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(wanted.directory, error);
  const auto parent = campaign::open_directory(AT_FDCWD, path.parent_path().string());
  if (!parent) return context.complain(parent.error());
  const auto limits = config::directory_limits(loaded->config.campaign);
  auto found = campaign::validate(parent->get(), path.filename().string(), limits);
  if (!found) return context.complain(as_error(found.error()).error());
  auto row = row_at(*found, wanted.row, limits.list);
  if (!row) return context.complain(row.error());
  const campaign::ServiceAddresses addresses{loaded->config.public_.url, loaded->config.bounce.domain};
  const auto content = message::CampaignContent::compile(campaign::campaign_parts(*found, addresses).source);
  if (!content) return context.complain(content.error());
  const auto recipient = row->address.text();
  message::RenderInput input;
  input.id = MessageId::make(SystemClock().now(), 0, 0, wanted.row);
  input.recipient = recipient;
  input.name = row->name;
  input.row = row->fields;
  input.unsubscribe_token = "preview";
  return wanted.raw ? print_raw(context, *content, input) : print_preview(context, *content, input);
}

}  // namespace

void setup_preview(CLI::App& parent, Context& context) {
  auto* verb = add_verb(parent, context, "preview", "Show the message one row of the list would get",
                        "sluice preview campaigns/autumn-2026 --row 7");
  const auto wanted = std::make_shared<Wanted>();
  verb->add_option("DIR", wanted->directory, "campaign directory")->required();
  verb->add_option("--row", wanted->row, "row of the list, from 1")
      ->check(CLI::Range(std::uint64_t{1}, kMaxRow))
      ->capture_default_str();
  verb->add_flag("--raw", wanted->raw, "the whole message as it would be sent, unsigned");
  on_run(verb, context, [&context, wanted] { return preview(context, *wanted); });
}

}  // namespace sluice::app
