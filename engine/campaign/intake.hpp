// Takes one entry of incoming/ through the steps of the promise: validate, accept durably, move to active/;
// or reject with reason.txt. The order is what a crash may cut anywhere: accepted in the store but still in
// incoming/ is mended by Spool::finish_acceptance, everything before that is as if nothing had happened.
#pragma once

#include <functional>
#include <string>

#include "engine/campaign/directory.hpp"
#include "engine/campaign/limits.hpp"
#include "engine/campaign/spool.hpp"

namespace sluice::campaign {

struct Offer {
  CampaignDirectory& campaign;  ///< parts may be moved out
  const std::string& incoming_name;
  const std::string& active_name;  ///< the name it will have in active/, free when it was chosen
  DirectoryIdentity identity;
};

struct Answer {
  enum class Kind : std::uint8_t {
    accepted,  ///< synced in the store, with incoming_name, active_name and identity
    refused,   ///< for good: id used before, From domain not allowed …; `text` says why and what would be
               ///< right
    later      ///< cannot be told now: disk full, store away; the directory stays where it is
  };
  Kind kind = Kind::accepted;
  std::string text;
  std::string key;  ///< refused: the key of campaign.toml to blame, "" for none
};

struct Intake {
  enum class Kind : std::uint8_t { accepted, rejected, later, gone };
  Kind kind = Kind::gone;
  std::string name;  ///< in active/ or rejected/
  std::string text;  ///< rejected, later: why
};

/// Called at most once, after validation found nothing wrong.
using AcceptCampaign = std::function<Answer(Offer&)>;

/// One thread. Asks nobody what time it is. `later` also stands for failed moves: after `accepted` by the
/// store the move is finished by finish_acceptance.
[[nodiscard]] Intake take_in(Spool& spool, const std::string& incoming_name, const DirectoryLimits& limits,
                             const AcceptCampaign& accept);

}  // namespace sluice::campaign
