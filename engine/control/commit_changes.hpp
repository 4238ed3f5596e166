// A change of suppression, waited for by a handler: the control thread goes on meanwhile.
#pragma once

#include "engine/http/router.hpp"
#include "engine/suppression/changes.hpp"

namespace sluice::control {

class Service;

/// unavailable: the store cannot write. limit: the delta is full, nothing was changed. cancelled: the service
/// stops, and it may be written yet. `service` outlives the task.
http::Task<Expected<suppression::ChangeReport>> commit_changes(Service* service,
                                                               suppression::Changes changes);

}  // namespace sluice::control
