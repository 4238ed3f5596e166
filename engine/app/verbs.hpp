// The setup function of every verb; verbs.cpp lists them.
#pragma once

#include "engine/app/verb.hpp"

namespace sluice::app {

void setup_demo(CLI::App& parent, Context& context);
void setup_serve(CLI::App& parent, Context& context);
void setup_sink(CLI::App& parent, Context& context);
void setup_send(CLI::App& parent, Context& context);
void setup_preview(CLI::App& parent, Context& context);
void setup_check(CLI::App& parent, Context& context);
void setup_config(CLI::App& parent, Context& context);
void setup_reload(CLI::App& parent, Context& context);
void setup_log(CLI::App& parent, Context& context);
void setup_campaign(CLI::App& parent, Context& context);
void setup_queue(CLI::App& parent, Context& context);
void setup_throttle(CLI::App& parent, Context& context);
void setup_events(CLI::App& parent, Context& context);
void setup_explain(CLI::App& parent, Context& context);
void setup_source(CLI::App& parent, Context& context);
void setup_store(CLI::App& parent, Context& context);
void setup_classify(CLI::App& parent, Context& context);
void setup_feedback(CLI::App& parent, Context& context);
void setup_dkim(CLI::App& parent, Context& context);
void setup_webhook(CLI::App& parent, Context& context);
void setup_suppress(CLI::App& parent, Context& context);
void setup_version(CLI::App& parent, Context& context);

}  // namespace sluice::app
