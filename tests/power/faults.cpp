#include "tests/power/faults.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/power/journal.hpp"

namespace power {
namespace {

struct Plan {
  std::uint64_t at = 0;  // 0: nothing fails
  Operation operation = Operation::write;
  bool full = false;
  std::atomic<std::uint64_t> seen{0};

  Plan() {
    const auto set = [](const char* name) {
      const char* value = std::getenv(name);
      return std::string_view(value != nullptr ? value : "");
    };
    at = std::strtoull(set("SLUICE_FAIL_AT").data(), nullptr, 10);
    operation = set("SLUICE_FAIL_KIND") == "fsync" ? Operation::sync : Operation::write;
    full = set("SLUICE_FAIL_MODE") == "full";
  }
};

Plan& plan() {
  static auto* made = new Plan;
  return *made;
}

}  // namespace

int fault(Operation operation) {
  auto& p = plan();
  if (p.at == 0 || operation != p.operation) return 0;
  const auto number = p.seen.fetch_add(1) + 1;
  if (number < p.at || (number > p.at && !p.full)) return 0;
  if (number == p.at) append({.kind = Kind::note, .text = "fault"});
  return p.full ? ENOSPC : EIO;
}

}  // namespace power
