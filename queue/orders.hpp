// Standing orders of operators: nothing of this tenant, to this domain, to this provider leaves until the
// order is lifted. What they match waits untouched, spends no attempt, and still expires.
//
// Kept in the store, one row an order (FORMAT.md). A tenant's order is a flag of its streams
// (Stream::on_hold); the others are asked by whoever is about to send. Any thread; without orders a question
// costs one load.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::queue {

enum class OrderScope : std::uint8_t { tenant = 1, domain = 2, provider = 3 };

[[nodiscard]] const char* name_of(OrderScope scope);
[[nodiscard]] std::optional<OrderScope> order_scope_of(std::string_view name);

struct Order {
  OrderScope scope = OrderScope::domain;
  std::string name;
  std::int64_t since_ms = 0;

  /// As the store keeps it: key and value.
  [[nodiscard]] std::string key() const;
  [[nodiscard]] static std::optional<Order> decode(std::string_view key, std::string_view value);
  [[nodiscard]] std::string value() const;
};

inline constexpr std::size_t kMaxOrders = 1000;
/// In the family `default`: this, u8 scope, name.
inline constexpr std::string_view kOrderPrefix = "order.";

class Orders {
 public:
  [[nodiscard]] bool holds_tenant(std::string_view tenant) const { return holds(OrderScope::tenant, tenant); }
  /// A domain's or its provider's order; `provider` may be "".
  [[nodiscard]] bool holds_mail(std::string_view domain, std::string_view provider) const {
    return any_.load(std::memory_order_acquire) &&
           (holds(OrderScope::domain, domain) || holds(OrderScope::provider, provider));
  }
  [[nodiscard]] bool holds(OrderScope scope, std::string_view name) const;
  [[nodiscard]] std::vector<Order> all() const;

  void add(Order order);
  void remove(OrderScope scope, std::string_view name);

 private:
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::vector<Order> orders_;  ///< few
};

}  // namespace sluice::queue
