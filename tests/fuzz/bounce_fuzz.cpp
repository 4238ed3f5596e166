// Messages that came back, over arbitrary bytes: results within their bounds, `hard` only for a bad address.
#include <cstdint>
#include <string_view>

#include "engine/base/assert.hpp"
#include "engine/feedback/parse_feedback.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::feedback;
  const ParseOptions options;
  const auto feedback =
      parse_feedback({reinterpret_cast<const char*>(data), size}, Classifier::builtin(), options);
  SLUICE_ASSERT(feedback.results.size() <= options.recipients);
  SLUICE_ASSERT(feedback.results.empty() == (feedback.kind == Feedback::Kind::none));
  for (const auto& result : feedback.results) {
    SLUICE_ASSERT(result.diagnostic.size() <= options.diagnostic_bytes);
    SLUICE_ASSERT(result.recipient.size() <= 1024);
    const bool bad =
        result.reason == BounceClass::invalid_recipient || result.reason == BounceClass::invalid_domain;
    SLUICE_ASSERT((result.result == ResultClass::hard) <= bad);
    SLUICE_ASSERT(result.final() || result.recipient_action() == RecipientAction::none);
  }
  return 0;
}
