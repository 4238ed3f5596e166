// libFuzzer target: any bytes as the records of MX and address answers, through decoding to a plan. What
// comes out holds the rules a plan promises, or is a failure with a printable text.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/dns/decode.hpp"
#include "engine/dns/mx_plan.hpp"
#include "engine/dns/name.hpp"

namespace {

using namespace sluice;
using namespace sluice::dns;

constexpr std::size_t kMaxRecords = 20;

void require(bool holds) {
  if (!holds) std::abort();
}

/// A count, then counted strings; bytes that end early end the list.
std::vector<std::string_view> read_records(ByteReader& in) {
  std::vector<std::string_view> out;
  for (auto count = in.u8() % 32; count > 0 && in.ok(); --count) {
    const auto record = in.take(in.u8() % 80);
    if (in.ok()) out.push_back(record);
  }
  return out;
}

Answer read_answer(ByteReader& in, RecordType type) {
  const auto control = in.u8();
  auto answer = decode_records(type, read_records(in), kMaxRecords);
  require(answer.mx.size() <= kMaxRecords && answer.addresses.size() <= kMaxRecords);
  require((answer.status == Status::found) == (!answer.mx.empty() || !answer.addresses.empty()));
  if (control % 8 == 1) answer = Answer{.status = Status::no_domain};
  if (control % 8 == 2) answer = Answer{.text = "SERVFAIL"};
  return answer;
}

void check_failure(const RouteFailure& failure) {
  require(failure.text.find("example.test") != std::string::npos);
  require(std::ranges::all_of(failure.text, [](char c) { return c >= 0x20 && c < 0x7f; }));
  require(failure.enhanced.starts_with(failure.permanent ? "5." : "4."));
}

void check_plan(const MxPlan& plan, const PlanOptions& options) {
  require(!plan.endpoints.empty() && !plan.site.empty());
  require(plan.hosts.size() <= options.max_hosts);
  require(std::ranges::is_sorted(plan.hosts, {}, &PlanHost::preference));
  for (const auto& host : plan.hosts)
    require(canonical_host(host.name) == host.name && host.name != "us.test");
  for (const auto& endpoint : plan.endpoints) {
    require(endpoint.host < plan.hosts.size());
    require(!endpoint.address.is_unspecified() && !endpoint.address.is_multicast());
    require(endpoint.address != options.own_addresses.front().address);
  }
  Random random(1);
  auto order = attempt_order(plan, random);
  std::ranges::sort(order);
  require(order.size() == plan.endpoints.size() && std::ranges::unique(order).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in(std::string_view(reinterpret_cast<const char*>(data), size));
  PlanOptions options;
  options.max_hosts = 1 + in.u8() % 12;
  options.max_addresses_per_host = 1 + in.u8() % 6;
  options.order = static_cast<AddressOrder>(in.u8() % 3);
  options.own_names = {"us.test"};
  options.own_addresses = {{boost::asio::ip::make_address("1.2.3.4"), 0}};
  Random random(in.u8());
  const auto selection = select_hosts("example.test", read_answer(in, RecordType::mx), options, random);
  if (!selection) {
    check_failure(selection.error());
    return 0;
  }
  require(!selection->hosts.empty() && selection->hosts.size() <= options.max_hosts);
  std::vector<HostAnswers> answers;
  for (std::size_t i = 0; i < selection->hosts.size(); ++i) {
    auto v4 = std::make_shared<const Answer>(read_answer(in, RecordType::a));
    answers.push_back({std::move(v4), std::make_shared<const Answer>(read_answer(in, RecordType::aaaa))});
  }
  bool incomplete = false;
  const auto plan = make_plan("example.test", *selection, answers, options, random, incomplete);
  if (plan) {
    check_plan(*plan, options);
  } else {
    check_failure(plan.error());
  }
  return 0;
}
