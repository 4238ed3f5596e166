#include "queue/orders.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "engine/base/log.hpp"
#include "queue/families.hpp"
#include "queue/queue.hpp"

namespace sluice::queue {

const char* name_of(OrderScope scope) {
  switch (scope) {
    case OrderScope::tenant:
      return "tenant";
    case OrderScope::domain:
      return "domain";
    case OrderScope::provider:
      return "provider";
  }
  return "domain";
}

std::optional<OrderScope> order_scope_of(std::string_view name) {
  for (const auto scope : {OrderScope::tenant, OrderScope::domain, OrderScope::provider}) {
    if (name == name_of(scope)) return scope;
  }
  return std::nullopt;
}

std::string Order::key() const {
  std::string out(kOrderPrefix);
  put_u8(out, static_cast<std::uint8_t>(scope));
  return out.append(name);
}

std::string Order::value() const {
  std::string out;
  put_varint(out, static_cast<std::uint64_t>(since_ms));
  return out;
}

std::optional<Order> Order::decode(std::string_view key, std::string_view value) {
  if (!key.starts_with(kOrderPrefix)) return std::nullopt;
  ByteReader in(key.substr(kOrderPrefix.size()));
  const auto scope = in.u8();
  ByteReader time(value);
  Order out{static_cast<OrderScope>(scope), std::string(in.rest()), static_cast<std::int64_t>(time.varint())};
  if (scope < 1 || scope > 3 || out.name.empty() || !time.ok()) return std::nullopt;
  return out;
}

bool Orders::holds(OrderScope scope, std::string_view name) const {
  if (!any_.load(std::memory_order_acquire)) return false;
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(orders_, [&](const Order& o) { return o.scope == scope && o.name == name; });
}

std::vector<Order> Orders::all() const {
  const std::lock_guard lock(mutex_);
  return orders_;
}

void Orders::add(Order order) {
  const std::lock_guard lock(mutex_);
  orders_.push_back(std::move(order));
  any_.store(true, std::memory_order_release);
}

void Orders::remove(OrderScope scope, std::string_view name) {
  const std::lock_guard lock(mutex_);
  std::erase_if(orders_, [&](const Order& order) { return order.scope == scope && order.name == name; });
  any_.store(!orders_.empty(), std::memory_order_release);
}

Expected<> Queue::load_orders() {
  const std::string begin(kOrderPrefix);
  const auto rows = database_->cursor(kMeta, begin, begin + '\xff');
  for (; rows->valid(); rows->next()) {
    auto order = Order::decode(rows->key(), rows->value());
    if (!order) return fail(ErrorCode::corrupt, "a standing order does not decode");
    orders_.add(std::move(*order));
  }
  for (const auto& stream : streams_.all())
    stream->set_on_hold(orders_.holds_tenant(stream->settings.tenant));
  return rows->status();
}

Expected<> Queue::set_order(const Order& order, bool hold) {
  if (orders_.holds(order.scope, order.name) == hold) return {};
  if (hold && orders_.all().size() >= kMaxOrders)
    return fail(ErrorCode::limit, std::to_string(kMaxOrders) + " orders stand already");
  const auto flag = [&](bool value) {
    if (order.scope != OrderScope::tenant) return;
    for (const auto& stream : streams_.all()) {
      if (stream->settings.tenant == order.name) stream->set_on_hold(value);
    }
  };
  auto result = commit_now([&](store::Batch& batch) {
    if (!hold) return batch.erase(kMeta, order.key());
    // In force before it is durable: leases of this very batch, applied later, are refused already.
    flag(true);
    orders_.add(order);
    batch.put(kMeta, order.key(), order.value());
  });
  if (!result) return result;
  if (!hold) {
    orders_.remove(order.scope, order.name);
    flag(false);
  }
  log::info(hold ? "order_set" : "order_lifted", {{"scope", name_of(order.scope)}, {"name", order.name}});
  if (!feeder_) return {};
  if (order.scope != OrderScope::tenant) {
    feeder_->orders_changed();
    return {};
  }
  for (const auto& stream : streams_.all()) {
    if (stream->settings.tenant == order.name) feeder_->stream_changed(stream);
  }
  return {};
}

Expected<> Queue::change_settings(const StreamPtr& stream, const std::function<void()>& change,
                                  const std::string& what) {
  Expected<> allowed;
  auto result = commit_now([&](store::Batch& batch) {
    if (stream->state() >= StreamState::cancelling) {
      allowed = fail(ErrorCode::conflict, stream->settings.name + " is " + name_of(stream->state()) +
                                              ": its " + what + " changes nothing any more");
      return;
    }
    change();
    std::string key;
    put_be<4>(key, stream->id);
    batch.put(kStreams, key, encode_stream(stream->settings_now(), stream->state()));
  });
  if (!result) return result;
  if (!allowed) return allowed;
  if (feeder_) feeder_->stream_changed(stream);
  return {};
}

Expected<> Queue::set_priority(const StreamPtr& stream, std::uint8_t priority) {
  if (priority < 1 || priority > 9) return fail(ErrorCode::invalid_input, "a priority is 1 (first) to 9");
  return change_settings(stream, [&] { stream->set_priority(priority); }, "priority");
}

Expected<> Queue::set_pool(const StreamPtr& stream, const std::string& pool) {
  return change_settings(stream, [&] { stream->set_pool(pool); }, "pool");
}

}  // namespace sluice::queue
