// ARF over arbitrary fields: the input is the feedback-report part and, after an empty line, the message
// within.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/assert.hpp"
#include "engine/feedback/parse_feedback.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::feedback;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto gap = bytes.find("\n\n");
  std::string message =
      "From: feedback@isp.example\nTo: fbl@shop.test\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=\"=b\"\n\n--=b\n"
      "Content-Type: message/feedback-report\n\n";
  message += bytes.substr(0, gap);
  message += "\n--=b\nContent-Type: message/rfc822\n\n";
  if (gap != std::string_view::npos) message += bytes.substr(gap + 2);
  message += "\n--=b--\n";
  const ParseOptions options;
  const auto feedback = parse_feedback(message, Classifier::builtin(), options);
  SLUICE_ASSERT(feedback.results.size() <= options.recipients);
  for (const auto& result : feedback.results) {
    if (feedback.kind != Feedback::Kind::complaint) continue;
    SLUICE_ASSERT(result.result == ResultClass::complaint || result.result == ResultClass::hard ||
                  result.result == ResultClass::soft);
    SLUICE_ASSERT(result.result != ResultClass::complaint || !result.feedback_type.empty());
  }
  return 0;
}
