#include "engine/app/verbs.hpp"

#include <array>

namespace sluice::app {

std::span<const Verb> all_verbs() {
  static constexpr std::array kVerbs{
      Verb{"demo", setup_demo},         Verb{"serve", setup_serve},       Verb{"sink", setup_sink},
      Verb{"send", setup_send},         Verb{"preview", setup_preview},   Verb{"check", setup_check},
      Verb{"config", setup_config},     Verb{"reload", setup_reload},     Verb{"campaign", setup_campaign},
      Verb{"queue", setup_queue},       Verb{"throttle", setup_throttle}, Verb{"events", setup_events},
      Verb{"classify", setup_classify}, Verb{"feedback", setup_feedback}, Verb{"dkim", setup_dkim},
      Verb{"source", setup_source},     Verb{"suppress", setup_suppress}, Verb{"store", setup_store},
      Verb{"webhook", setup_webhook},   Verb{"log", setup_log},           Verb{"explain", setup_explain},
      Verb{"version", setup_version},
  };
  return kVerbs;
}

}  // namespace sluice::app
