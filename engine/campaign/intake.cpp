#include "engine/campaign/intake.hpp"

#include <utility>

namespace sluice::campaign {
namespace {

Intake reject(Spool& spool, const std::string& incoming_name, const Problems& problems) {
  auto moved = spool.reject(incoming_name, problems);
  if (moved) return {Intake::Kind::rejected, std::move(*moved), problems.list().front().to_text()};
  if (moved.error().code == ErrorCode::not_found) return {Intake::Kind::gone, incoming_name, {}};
  return {Intake::Kind::later, incoming_name, moved.error().text};
}

}  // namespace

Intake take_in(Spool& spool, const std::string& incoming_name, const DirectoryLimits& limits,
               const AcceptCampaign& accept) {
  const auto before = spool.identity(Place::incoming, incoming_name);
  if (!before) {
    const bool gone = before.error().code == ErrorCode::not_found;
    return {gone ? Intake::Kind::gone : Intake::Kind::later, incoming_name, before.error().text};
  }
  auto campaign = validate(spool.descriptor(Place::incoming), incoming_name, limits);
  if (!campaign) return reject(spool, incoming_name, campaign.error());
  auto active_name = spool.free_name(Place::active, incoming_name);
  if (!active_name) return {Intake::Kind::later, incoming_name, active_name.error().text};
  // Renamed away, perhaps another put in its place while we read: look again, at the one that is there now.
  const auto read = identity_of(campaign->directory.get());
  const auto after = spool.identity(Place::incoming, incoming_name);
  if (!read || *read != *before || !after || *after != *before) {
    return {Intake::Kind::later, incoming_name, "the directory was replaced while it was read"};
  }
  Offer offer{*campaign, incoming_name, *active_name, *before};
  auto answer = accept(offer);
  switch (answer.kind) {
    case Answer::Kind::accepted:
      break;
    case Answer::Kind::later:
      return {Intake::Kind::later, incoming_name, std::move(answer.text)};
    case Answer::Kind::refused: {
      const auto at = campaign->spec.where(answer.key);
      Problems problems;
      problems.add({kSpecName, at.line, at.column, std::move(answer.text)});
      return reject(spool, incoming_name, problems);
    }
  }
  auto moved = spool.finish_acceptance(incoming_name, *active_name, *before);
  if (!moved) return {Intake::Kind::later, incoming_name, moved.error().text};
  return {Intake::Kind::accepted, std::move(*moved), {}};
}

}  // namespace sluice::campaign
