// A throw-away certificate for a receiver that offers TLS: P-256, self-signed, good for 30 days.
#pragma once

#include <memory>
#include <string>

#include "engine/base/error.hpp"
#include "engine/net/tls.hpp"

namespace sluice::sink {

/// For `hostname` (CN and subjectAltName). Key and certificate pass through files in a private temporary
/// directory, which is gone when this returns.
[[nodiscard]] Expected<std::unique_ptr<net::TlsServerContext>> make_self_signed(const std::string& hostname);

}  // namespace sluice::sink
