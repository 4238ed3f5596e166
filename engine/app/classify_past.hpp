// `classify --replay` and `classify --unknown`: rules over what was recorded.
#pragma once

#include <string>
#include <vector>

#include "engine/app/verb.hpp"
#include "engine/feedback/classifier.hpp"

namespace sluice::app {

/// What these rules would read otherwise than the events say. Exit code 1 when anything.
[[nodiscard]] int replay_events(Context& context, const feedback::Classifier& classifier,
                                const std::vector<std::string>& paths);

/// Texts that no text rule knows, most frequent first, at most `limit`.
[[nodiscard]] int unknown_texts(Context& context, const feedback::Classifier& classifier,
                                const std::vector<std::string>& paths, std::size_t limit);

}  // namespace sluice::app
