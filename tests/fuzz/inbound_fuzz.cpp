// What a stranger can put before the inbound doors: the message, the addresses at RCPT, the body of a POST
// and the language asked for. Nobody without a token of ours is let in or finds a recipient; a token hidden
// in the input is found, and stands for its own message only.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/assert.hpp"
#include "engine/base/lower_case.hpp"
#include "engine/inbound/intake.hpp"
#include "engine/inbound/language.hpp"
#include "engine/inbound/unsubscribe_pages.hpp"

namespace {

using namespace sluice;

const Instant kNow = from_ms(1'790'000'000'000);
const MessageId kId = MessageId::make(kNow, 0, 7, 9);

struct World {
  World() {
    char name[] = "/tmp/sluice-inbound-fuzz-XXXXXX";
    SLUICE_ASSERT(::mkdtemp(name) != nullptr);
    keys = std::move(*feedback::TokenKeys::open(std::string(name) + "/keys", kNow));
    std::filesystem::remove_all(name);
    token = feedback::make_token(keys->for_stream(to_ms(kNow)), kId);
    options.domain = "bounces.shop.test";
    languages = std::move(*inbound::Languages::load(""));
  }
  std::unique_ptr<feedback::TokenKeys> keys;
  std::string token;
  inbound::Options options;
  inbound::Languages languages;
};

/// A byte 0x01 stands for a token of ours.
std::string with_tokens(std::string_view bytes, const std::string& token) {
  std::string out;
  for (const char c : bytes) c == '\x01' ? out += token : out += c;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // libFuzzer sees what is compared and can put the token together by itself: whoever shows it whole has it.
  const auto has_token = [](std::string_view shown) {
    return lower_case(shown).find(lower_case(world.token)) != std::string::npos;
  };
  const auto text = with_tokens(bytes, world.token);
  const auto report = feedback::parse_feedback(text, feedback::Classifier::builtin());
  const std::array<std::string_view, 4> places{report.addressed_to, report.original.message_id,
                                               report.original.return_path, text};
  for (const auto place : places) {
    const auto found = world.keys->find(place, kNow);
    SLUICE_ASSERT(!found || (has_token(place) && *found == kId));
  }
  const auto at = std::min(text.find('@'), text.size());
  for (const auto domain : {std::string_view("BOUNCES.shop.test"), std::string_view(text).substr(at)}) {
    const auto target =
        inbound::target_of(std::string_view(text).substr(0, at), domain, world.options, *world.keys, kNow);
    SLUICE_ASSERT(!target || !target->id || (has_token(text) && *target->id == kId));
  }
  (void)inbound::read_wish(text);
  SLUICE_ASSERT(!world.languages.wanted(text).tag.empty());
  return 0;
}
