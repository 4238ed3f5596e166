#include "engine/feedback/result.hpp"

namespace sluice::feedback {

RecipientAction Result::recipient_action() const {
  switch (result) {
    case ResultClass::hard:
      return final() ? action_of(reason, Witness::bounce).recipient : RecipientAction::none;
    case ResultClass::soft:
      if (!final()) return RecipientAction::none;
      return action_of(reason, Witness::bounce).recipient;
    case ResultClass::complaint:
      return feedback_type == "auth-failure" || feedback_type == "not-spam" || feedback_type == "dmarc"
                 ? RecipientAction::none
                 : RecipientAction::suppress;
    case ResultClass::none:
    case ResultClass::autoreply:
    case ResultClass::delivered:
      return RecipientAction::none;
  }
  return RecipientAction::none;
}

}  // namespace sluice::feedback
