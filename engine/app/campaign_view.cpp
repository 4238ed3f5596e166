#include "engine/app/campaign_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/value.hpp>

#include "engine/app/service.hpp"
#include "engine/app/table.hpp"

namespace sluice::app {
namespace {

Progress progress_of(const boost::json::object& object, std::string_view name_key) {
  Progress out;
  out.name = text_at(object, name_key);
  out.injected = number_at(object, "injected");
  out.delivered = number_at(object, "delivered");
  out.bounced = number_at(object, "bounced");
  out.expired = number_at(object, "expired");
  out.suppressed = number_at(object, "suppressed");
  out.cancelled = number_at(object, "cancelled");
  out.queued = number_at(object, "queued");
  out.deferred = number_at(object, "deferred");
  out.rate = real_at(object, "rate_per_s");
  return out;
}

std::string progress_line(const Progress& progress, const std::string& name, std::size_t name_columns,
                          const std::string& extra, const Terminal& terminal) {
  const auto counts = fmt::format(" {:>5.1f}% {} of {}", progress.done() * 100, grouped(progress.finals()),
                                  grouped(progress.injected));
  const auto rate =
      progress.rate > 0 ? fmt::format("  {}/s", grouped(static_cast<std::int64_t>(progress.rate))) : "";
  auto bad = progress.bounced > 0 ? fmt::format("  {} bounced", grouped(progress.bounced)) : std::string();
  if (progress.deferred > 0) bad += fmt::format("  {} deferred", grouped(progress.deferred));
  const auto tail = counts + rate + extra + bad;
  const auto used = name_columns + 2 + display_width(tail);
  const auto columns = terminal.width > used + 10 ? std::min<std::size_t>(terminal.width - used - 1, 40) : 0;
  const auto drawn = columns > 0 ? bar(progress.done(), columns) : std::string();
  return cut_to(pad_to(cut_to(name, name_columns), name_columns) + " " + drawn + tail, terminal.width);
}

}  // namespace

double Progress::done() const {
  if (injected <= 0) return 0;
  return std::clamp(static_cast<double>(finals()) / static_cast<double>(injected), 0.0, 1.0);
}

CampaignView CampaignView::from(const boost::json::object& object) {
  CampaignView out;
  out.id = text_at(object, "id");
  out.tenant = text_at(object, "tenant");
  out.state = text_at(object, "state");
  out.reason = text_at(object, "reason");
  out.waits_for = text_at(object, "waits_for");
  out.accepted = text_at(object, "accepted");
  out.read = number_at(object, "read");
  out.rejected = number_at(object, "rejected");
  out.in_doubt = number_at(object, "in_doubt");
  const auto* eta = object.if_contains("eta_s");
  if (eta && eta->is_number()) out.eta_s = real_at(object, "eta_s");
  out.total = progress_of(object, "id");
  for (const auto* one : objects_at(object, "providers"))
    out.providers.push_back(progress_of(*one, "provider"));
  std::ranges::sort(out.providers, [](const Progress& a, const Progress& b) {
    return a.injected != b.injected ? a.injected > b.injected : a.name < b.name;
  });
  return out;
}

std::string bar(double done, std::size_t columns) {
  constexpr std::array<std::string_view, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths =
      static_cast<std::size_t>(std::clamp(done, 0.0, 1.0) * static_cast<double>(columns) * 8);
  std::string out;
  for (std::size_t i = 0; i < eighths / 8; ++i) out += "█";
  out += kEighths[eighths % 8];
  return pad_to(out, columns);
}

std::vector<std::string> progress_lines(const CampaignView& view, const Terminal& terminal,
                                        std::size_t max_providers) {
  auto shown = view.providers;
  if (shown.size() > max_providers) {
    Progress others;
    others.name = fmt::format("{} others", shown.size() - max_providers + 1);
    for (std::size_t i = max_providers - 1; i < shown.size(); ++i) {
      others.injected += shown[i].injected;
      others.delivered += shown[i].delivered;
      others.bounced += shown[i].bounced;
      others.expired += shown[i].expired;
      others.suppressed += shown[i].suppressed;
      others.cancelled += shown[i].cancelled;
      others.deferred += shown[i].deferred;
      others.rate += shown[i].rate;
    }
    shown.resize(max_providers - 1);
    shown.push_back(std::move(others));
  }
  std::size_t name_columns = display_width(safe_text(view.id));
  for (const auto& provider : shown)
    name_columns = std::max(name_columns, display_width(safe_text(provider.name)) + 2);
  name_columns = std::min<std::size_t>(name_columns, terminal.width / 4);
  std::string extra =
      view.eta_s >= 0 && !view.is_final() ? fmt::format("  {} left", short_duration(view.eta_s)) : "";
  if (view.state != "sending" && view.state != "done") extra += "  " + safe_text(view.state);
  std::vector<std::string> out{progress_line(view.total, safe_text(view.id), name_columns, extra, terminal)};
  for (const auto& provider : shown) {
    out.push_back(progress_line(provider, "  " + safe_text(provider.name), name_columns, "", terminal));
  }
  return out;
}

std::string summary_text(const CampaignView& view, const Terminal& terminal) {
  std::string out = styled(terminal, Style::bold, safe_text(view.id)) + ": " + safe_text(view.state);
  if (!view.reason.empty()) out += ", " + safe_text(view.reason);
  if (!view.waits_for.empty() && view.waits_for != view.state) out += ", " + safe_text(view.waits_for);
  out += '\n';
  const auto line = [&](std::string_view what, std::int64_t count, Style style) {
    if (count == 0 && what != "delivered") return;
    out += styled(terminal, style, fmt::format("  {:<14}{:>14}", what, grouped(count))) + '\n';
  };
  line("rows read", view.read, Style::plain);
  line("rejected rows", view.rejected, Style::yellow);
  line("recipients", view.total.injected, Style::plain);
  line("delivered", view.total.delivered, Style::green);
  line("bounced", view.total.bounced, Style::red);
  line("expired", view.total.expired, Style::red);
  line("suppressed", view.total.suppressed, Style::yellow);
  line("cancelled", view.total.cancelled, Style::yellow);
  line("queued", view.total.queued, Style::plain);
  line("in doubt", view.in_doubt, Style::yellow);
  return out;
}

}  // namespace sluice::app
