#include "engine/delivery/report_status.hpp"

namespace sluice::delivery {
namespace {

std::string_view of_class(std::string_view bounce_class) {
  constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
      {"invalid-recipient", "5.1.1"}, {"invalid-domain", "5.1.2"}, {"inactive", "5.2.1"},
      {"mailbox-full", "5.2.2"},      {"too-large", "5.3.4"},      {"policy", "5.7.1"},
      {"spam-content", "5.7.1"},      {"protocol", "5.5.0"}};
  for (const auto& [name, status] : kMeanings) {
    if (name == bounce_class) return status;
  }
  return "5.0.0";
}

}  // namespace

std::string report_status(const queue::Event& event) {
  if (event.kind == queue::EventKind::expired) return "5.4.7";
  const char digit = event.kind == queue::EventKind::delivered  ? '2'
                     : event.kind == queue::EventKind::deferred ? '4'
                                                                : '5';
  if (event.reply_enhanced.starts_with(digit)) return std::string(event.reply_enhanced);
  if (digit == '5') return std::string(of_class(event.event_class));
  if (digit == '4' && event.reply_code == 0) return "4.4.1";
  return std::string(1, digit) + ".0.0";
}

}  // namespace sluice::delivery
