#include "engine/message/template.hpp"

#include <algorithm>

#include "engine/message/template_program.hpp"

namespace sluice::message {

namespace {

constexpr std::array<std::string_view, kExtraCount> kExtraNames = {
    "email",          "name", "unsubscribe_url", "message_id", "campaign_id", "tenant", "list_id",
    "postal_address", "from", "subject",         "date",
};

}  // namespace

std::string_view name_of(Extra extra) { return kExtraNames[static_cast<std::size_t>(extra)]; }

std::optional<Extra> extra_named(std::string_view name) {
  const auto at = std::ranges::find(kExtraNames, name);
  if (at == kExtraNames.end()) return std::nullopt;
  return static_cast<Extra>(at - kExtraNames.begin());
}

Template Template::map_literals(LiteralMap map) const {
  auto mapped = *program_;
  mapped.literals.clear();
  for (auto& segment : mapped.segments) {
    if (segment.op != Op::literal) continue;
    const auto text = map(std::string_view(program_->literals).substr(segment.b, segment.a));
    segment.b = static_cast<std::uint32_t>(mapped.literals.size());
    segment.a = static_cast<std::uint32_t>(text.size());
    mapped.literals += text;
  }
  return Template(std::make_shared<const TemplateProgram>(std::move(mapped)));
}

Mode Template::mode() const { return program_->mode; }

const std::vector<TemplateVariable>& Template::variables() const { return program_->variables; }

bool Template::constant() const {
  return std::ranges::all_of(program_->segments, [](const Segment& s) { return s.op == Op::literal; });
}

std::size_t Template::literal_bytes() const { return program_->literals.size(); }

}  // namespace sluice::message
