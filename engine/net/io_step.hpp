// The result of one non-blocking read, write or handshake step.
#pragma once

#include <cstddef>

namespace sluice::net {

enum class IoStatus {
  done,        ///< `bytes` were moved (a handshake: it is complete)
  end,         ///< the peer closed in order
  want_read,   ///< nothing moved: wait until the socket is readable
  want_write,  ///< nothing moved: wait until the socket is writable
  failed,      ///< the connection is broken
};

struct IoStep {
  IoStatus status;
  std::size_t bytes = 0;
  int error = 0;  ///< errno when failed, 0 when TLS itself failed
};

}  // namespace sluice::net
