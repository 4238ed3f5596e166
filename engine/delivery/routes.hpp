// What delivery asks about a domain: where its mail goes. The DNS router in the service, a table in the
// simulation.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/dns/router.hpp"

namespace sluice::delivery {

/// Each call means what dns::Router's of the same name does. Called on the workers' threads.
class Routes {
 public:
  virtual ~Routes() = default;
  [[nodiscard]] virtual std::optional<dns::RouteResult> cached(std::string_view domain, Instant now) = 0;
  virtual net::Task<dns::RouteResult> resolve(std::string domain, net::Deadline deadline) = 0;
};

/// The router must outlive it, and its close() ends what resolve() began.
class RouterRoutes final : public Routes {
 public:
  explicit RouterRoutes(dns::Router& router) : router_(router) {}
  [[nodiscard]] std::optional<dns::RouteResult> cached(std::string_view domain, Instant now) override {
    return router_.cached(domain, now);
  }
  net::Task<dns::RouteResult> resolve(std::string domain, net::Deadline deadline) override {
    return router_.resolve(std::move(domain), deadline);
  }

 private:
  dns::Router& router_;
};

}  // namespace sluice::delivery
