#include "engine/message/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/message/content_header.hpp"
#include "engine/message/content_layout.hpp"
#include "engine/message/encoding.hpp"
#include "engine/message/header_field.hpp"
#include "engine/message/html_text.hpp"

namespace sluice::message {
namespace {

constexpr auto encode_value = [](std::string_view value, std::string& out) {
  join_quoted_printable(out, value);
};
constexpr auto encode_literal = [](std::string_view literal) {
  std::string out;
  append_quoted_printable(out, literal);
  return out;
};

// One text part: as written for previews, and with its literals encoded for the wire.
struct TextPart {
  Template plain;
  Template encoded;
};

Expected<TextPart> compile_part(std::string_view key, std::string_view text, Mode mode,
                                const ContentSource& source, const ContentLimits& limits) {
  auto compiled = Template::compile(text, mode, source.layout, source.defaults, limits.templates);
  if (!compiled) return fail(std::move(compiled.error()), std::string(key));
  auto encoded = compiled->map_literals(encode_literal);
  return TextPart{std::move(*compiled), std::move(encoded)};
}

Expected<std::string> text_source(const ContentSource& source, const ContentLimits& limits) {
  if (!source.text.empty()) return source.text;
  HtmlTextOptions options;
  options.max_source_bytes = limits.templates.max_source_bytes;
  auto text = text_from_html(source.html, options);
  if (!text) return fail(std::move(text.error()), "text from html");
  return text;
}

Expected<> render_part(const Template& encoded, const RenderContext& context, std::string& body) {
  const auto start = body.size();
  auto done = encoded.render(context, body, encode_value);
  if (done) trim_soft_break(body, start);
  return done;
}

}  // namespace

struct CampaignContent::Compiled {
  Compiled(ContentHeader h, ContentLayout l) : header(std::move(h)), layout(std::move(l)) {}

  void note(std::string_view key, const Template& used);
  void note_parts(const ContentSource& source);
  [[nodiscard]] bool uses(std::string_view name) const {
    return std::ranges::find(fields, name) != fields.end();
  }

  ContentHeader header;
  ContentLayout layout;
  std::optional<TextPart> html;
  std::optional<TextPart> text;
  bool share_tail = false;
  std::string campaign_id;
  std::string tenant;
  std::string list_id;
  std::string postal_address;
  std::vector<std::string> fields;
  std::vector<std::string> warnings;
};

void CampaignContent::Compiled::note(std::string_view key, const Template& used) {
  for (const auto& variable : used.variables()) {
    if (!uses(variable.name)) fields.push_back(variable.name);
    if (variable.known || variable.in_section) continue;
    warnings.push_back(
        fmt::format("{}: line {}, column {}: no column, default or value of the engine is named {}", key,
                    variable.line, variable.column, variable.name));
  }
}

void CampaignContent::Compiled::note_parts(const ContentSource& source) {
  note("subject", header.subject());
  for (const auto& extra : header.extras()) note("headers." + extra.name, extra.value);
  if (html) note("html", html->plain);
  if (!source.text.empty()) note("text", text->plain);
  if (source.mail_class != MailClass::commercial) return;
  const auto& unsubscribe = source.unsubscribe;
  if (unsubscribe.url_prefix.empty() && unsubscribe.mailto_domain.empty())
    warnings.emplace_back("unsubscribe: commercial mail has no way to unsubscribe in its header");
  else if (unsubscribe.one_click && !unsubscribe.url_prefix.starts_with("https://"))
    warnings.emplace_back("unsubscribe: one-click needs an https address (RFC 8058)");
  const auto& body = source.html.empty() ? source.text : source.html;
  if (!uses(name_of(Extra::unsubscribe_url))) warnings.emplace_back("the body shows no {{unsubscribe_url}}");
  if (!uses(name_of(Extra::postal_address)) && !body.contains(source.postal_address))
    warnings.emplace_back("the body shows no {{postal_address}}");
}

CampaignContent::CampaignContent(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
CampaignContent::CampaignContent(CampaignContent&&) noexcept = default;
CampaignContent& CampaignContent::operator=(CampaignContent&&) noexcept = default;
CampaignContent::~CampaignContent() = default;

Expected<CampaignContent> CampaignContent::compile(const ContentSource& source, const ContentLimits& limits) {
  if (source.html.empty() && source.text.empty())
    return fail(ErrorCode::invalid_input, "the campaign has neither html nor text");
  if (source.mail_class == MailClass::commercial && source.postal_address.empty())
    return fail(ErrorCode::invalid_input, "postal_address: commercial mail needs one");
  auto layout = lay_out(source, limits);
  if (!layout) return std::unexpected(std::move(layout.error()));
  auto header = ContentHeader::compile(source, limits, layout->header);
  if (!header) return std::unexpected(std::move(header.error()));
  auto compiled = std::make_unique<Compiled>(std::move(*header), std::move(*layout));
  if (!source.html.empty()) {
    auto part = compile_part("html", source.html, Mode::html, source, limits);
    if (!part) return std::unexpected(std::move(part.error()));
    compiled->html = std::move(*part);
  }
  auto text = text_source(source, limits);
  if (!text) return std::unexpected(std::move(text.error()));
  auto part = compile_part("text", *text, Mode::text, source, limits);
  if (!part) return std::unexpected(std::move(part.error()));
  compiled->text = std::move(*part);
  compiled->share_tail = compiled->layout.tail.size() >= limits.shared_tail_bytes;
  compiled->campaign_id = source.campaign_id;
  compiled->tenant = source.tenant;
  compiled->list_id = source.list_id;
  compiled->postal_address = source.postal_address;
  compiled->note_parts(source);
  return CampaignContent(std::move(compiled));
}

const std::string& CampaignContent::from_domain() const { return compiled_->header.from_domain(); }
const std::vector<std::string>& CampaignContent::fields() const { return compiled_->fields; }
const std::vector<std::string>& CampaignContent::warnings() const { return compiled_->warnings; }

void CampaignContent::fill(const RenderInput& input, RenderedMessage& out, RenderContext& context) const {
  out.date_.clear();
  append_date(out.date_, input.id.accepted());
  out.url_.clear();
  compiled_->header.append_unsubscribe_url(input.unsubscribe_token, out.url_);
  out.id_ = input.id.text();
  context.row = RowView(input.row);
  auto& extras = context.extras;
  extras.set(Extra::email, input.recipient);
  extras.set(Extra::name, input.name);
  extras.set(Extra::unsubscribe_url, out.url_);
  extras.set(Extra::message_id, out.id_);
  extras.set(Extra::campaign_id, compiled_->campaign_id);
  extras.set(Extra::tenant, compiled_->tenant);
  extras.set(Extra::list_id, compiled_->list_id);
  extras.set(Extra::postal_address, compiled_->postal_address);
  extras.set(Extra::from, compiled_->header.from_address());
  extras.set(Extra::date, out.date_);
}

Expected<> CampaignContent::render_subject(RenderContext& context, std::string& out) const {
  out.clear();
  if (auto done = compiled_->header.subject().render(context, out); !done)
    return fail(std::move(done.error()), "subject");
  context.extras.set(Extra::subject, out);
  return {};
}

Expected<> CampaignContent::render_body(const RenderContext& context, RenderedMessage& out) const {
  const auto& layout = compiled_->layout;
  out.body.assign(layout.before_text);
  if (auto done = render_part(compiled_->text->encoded, context, out.body); !done)
    return fail(std::move(done.error()), "text");
  if (compiled_->html) {
    out.body += "\r\n";
    out.body += layout.before_html;
    if (auto done = render_part(compiled_->html->encoded, context, out.body); !done)
      return fail(std::move(done.error()), "html");
  }
  if (layout.multipart || !out.body.ends_with("\r\n")) out.body += "\r\n";
  out.tail = {};
  if (compiled_->share_tail)
    out.tail = layout.tail;
  else
    out.body += layout.tail;
  return {};
}

Expected<> CampaignContent::render(const RenderInput& input, RenderedMessage& out) const {
  RenderContext context;
  fill(input, out, context);
  if (auto done = render_subject(context, out.subject_); !done) return done;
  HeaderValues values;
  values.date = out.date_;
  values.message_id = input.return_token.empty() ? std::string_view(out.id_) : input.return_token;
  values.return_token = input.return_token;
  values.recipient = input.recipient;
  values.name = input.name;
  values.subject = out.subject_;
  values.unsubscribe_token = input.unsubscribe_token;
  values.unsubscribe_url = out.url_;
  out.header.clear();
  if (auto done = compiled_->header.render(values, context, out.value_, out.header); !done) return done;
  return render_body(context, out);
}

Expected<Preview> CampaignContent::preview(const RenderInput& input) const {
  RenderedMessage scratch;
  RenderContext context;
  fill(input, scratch, context);
  Preview out;
  if (auto done = render_subject(context, out.subject); !done)
    return std::unexpected(std::move(done.error()));
  if (compiled_->html) {
    if (auto done = compiled_->html->plain.render(context, out.html); !done)
      return fail(std::move(done.error()), "html");
  }
  if (auto done = compiled_->text->plain.render(context, out.text); !done)
    return fail(std::move(done.error()), "text");
  return out;
}

}  // namespace sluice::message
