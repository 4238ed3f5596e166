// Waiting records as the queue verbs see them: through the running service or, when none answers, by looking
// into the store that nobody has open.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/app/service.hpp"
#include "engine/control/queue_query.hpp"
#include "queue/store_view.hpp"

namespace sluice::app {

/// --campaign, --domain … as they were given.
struct QueueWords {
  std::vector<std::string> ids{};
  std::string campaign{};
  std::string tenant{};
  std::string domain{};
  std::string provider{};
  std::string recipient{};
  std::string state{};
  std::string cursor{};
  bool all = false;

  /// Adds the options that choose records.
  void add_to(CLI::App& verb, bool with_state);
  /// Those that are set, but for ids and all.
  [[nodiscard]] control::QueueQuery::Words words() const;
  [[nodiscard]] bool chooses() const { return !ids.empty() || !words().empty(); }
};

/// "?a=b&c=d", or "".
[[nodiscard]] std::string query_text(const control::QueueQuery::Words& words);

class QueueAccess {
 public:
  /// Nothing when the configuration is wrong; exit_code is then set.
  [[nodiscard]] static std::optional<QueueAccess> open(Context& context);

  /// Answers of engine/control/queue_answers.hpp. Unavailable: no service answers and there is no store.
  [[nodiscard]] Expected<boost::json::object> list(const control::QueueQuery::Words& words,
                                                   std::size_t limit);
  [[nodiscard]] Expected<boost::json::object> show(const std::string& id,
                                                   const control::QueueQuery::Words& words);
  [[nodiscard]] Expected<boost::json::object> summary(const std::string& by);
  /// A running service only.
  [[nodiscard]] Expected<boost::json::object> ask(std::string_view method, const std::string& target) const;
  /// The store itself is being read.
  [[nodiscard]] bool offline() const { return view_ != nullptr; }

 private:
  QueueAccess(Context& context, config::Loaded loaded) : context_(&context), loaded_(std::move(loaded)) {}

  template <class Online, class Offline>
  Expected<boost::json::object> either(Online online, Offline offline);
  [[nodiscard]] Expected<> look_into_store();
  [[nodiscard]] control::QueueSource source() const;

  Context* context_;
  config::Loaded loaded_;
  std::unique_ptr<queue::StoreView> view_;
};

}  // namespace sluice::app
