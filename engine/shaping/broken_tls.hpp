// Hosts that offer STARTTLS and then cannot do it. Where TLS is opportunistic they are spoken to in plain
// text at once until the entry ends, instead of losing a connection each time; where policy requires TLS
// nobody asks here. Bounded, forgotten at a restart.
//
// Threads: any; a mutex taken once a connection.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "engine/base/lru_cache.hpp"
#include "engine/shaping/rule.hpp"

namespace sluice::shaping {

class BrokenTls {
 public:
  explicit BrokenTls(const Options& options)
      : keep_(options.broken_tls_keep), hosts_(options.max_broken_tls) {}

  [[nodiscard]] bool knows(std::string_view host, Instant now) {
    const std::lock_guard lock(mutex_);
    return hosts_.find(host, now).has_value();
  }
  /// Until when it is remembered; nothing where it was known already.
  std::optional<Instant> add(std::string_view host, Instant now) {
    const std::lock_guard lock(mutex_);
    if (host.empty() || hosts_.find(host, now)) return std::nullopt;
    hosts_.put(host, true, now + keep_);
    return now + keep_;
  }
  /// A person says it works again. True: it was there.
  bool forget(std::string_view host) {
    const std::lock_guard lock(mutex_);
    return hosts_.erase(host);
  }

 private:
  const std::chrono::hours keep_;
  std::mutex mutex_;
  LruCache<bool> hosts_;
};

}  // namespace sluice::shaping
