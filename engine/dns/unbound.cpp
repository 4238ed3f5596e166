#include "engine/dns/unbound.hpp"

#include <fmt/format.h>
#include <unbound.h>

#include <algorithm>

#include "engine/dns/decode.hpp"
#include "engine/dns/route.hpp"

namespace sluice::dns {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr int kClassIn = 1;
constexpr std::size_t kMaxText = 300;

/// Server text made printable: it goes into events and logs.
std::string printable(const char* text) {
  std::string out = text ? text : "";
  if (out.size() > kMaxText) out.resize(kMaxText);
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return out;
}

const char* rcode_name(int rcode) {
  constexpr const char* kNames[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  return rcode >= 0 && rcode < static_cast<int>(std::size(kNames)) ? kNames[rcode]
                                                                   : "an unknown response code";
}

/// "127.0.0.1@5353", as the library wants it.
Expected<std::string> forward_address(const std::string& text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text, error);
  if (!error) return fmt::format("{}@{}", address.to_string(), kDnsPort);
  const auto host = parse_route_host(text, kDnsPort);
  if (!host || !host->address) {
    return fail(
        ErrorCode::invalid_input,
        fmt::format("DNS server \"{}\" is not an address with an optional port such as \"127.0.0.1:5353\" or "
                    "\"[::1]:53\"",
                    text));
  }
  return fmt::format("{}@{}", host->name, host->port);
}

class Setup {
 public:
  explicit Setup(ub_ctx* context) : context_(context) {}

  void check(int code, const std::string& what) {
    if (code != UB_NOERROR && error_.empty()) error_ = fmt::format("{}: {}", what, ub_strerror(code));
  }
  void option(const char* name, const std::string& value) {
    check(ub_ctx_set_option(context_, name, value.c_str()),
          fmt::format("resolver setting {} {}", name, value));
  }
  [[nodiscard]] Expected<> result() const {
    if (!error_.empty()) return fail(ErrorCode::invalid_input, error_);
    return {};
  }

 private:
  ub_ctx* context_;
  std::string error_;
};

Expected<> set_servers(ub_ctx* context, const UnboundOptions& options, Setup& setup) {
  // Every question goes to the servers named here, so the guard against name servers on loopback guards
  // nothing.
  setup.option("do-not-query-localhost:", "no");
  for (const auto& text : options.servers) {
    auto address = forward_address(text);
    if (!address) return std::unexpected(address.error());
    setup.check(ub_ctx_set_fwd(context, address->c_str()), "DNS server " + text);
  }
  if (options.servers.empty()) {
    setup.check(ub_ctx_resolvconf(context, options.resolv_conf.c_str()), options.resolv_conf);
  }
  return {};
}

Expected<> configure(ub_ctx* context, const UnboundOptions& options) {
  Setup setup(context);
  setup.check(ub_ctx_debugout(context, nullptr), "silencing the library");
  setup.check(ub_ctx_async(context, 1), "choosing a thread");
  // A server that was away is asked again at once: without this the library leaves it alone for up to 15
  // minutes.
  setup.option("infra-host-ttl:", "30");
  setup.option("infra-keep-probing:", "yes");
  setup.option("infra-cache-max-rtt:", "4000");
  const auto half = std::max<std::size_t>(options.library_cache_bytes / 2, 32u << 10);
  setup.option("msg-cache-size:", std::to_string(half));
  setup.option("rrset-cache-size:", std::to_string(half));
  const bool validates = !options.trust_anchor_file.empty() || !options.trust_anchors.empty();
  setup.option("module-config:", validates ? "validator iterator" : "iterator");
  if (!options.trust_anchor_file.empty()) {
    setup.check(ub_ctx_add_ta_file(context, options.trust_anchor_file.c_str()), options.trust_anchor_file);
  }
  for (const auto& anchor : options.trust_anchors)
    setup.check(ub_ctx_add_ta(context, anchor.c_str()), anchor);
  auto servers = set_servers(context, options, setup);
  if (!servers) return servers;
  // From here on the settings are final. The library denies the reserved domain test. (RFC 6761) by itself:
  // what it holds is for the servers to say.
  setup.check(ub_ctx_zone_remove(context, "test."), "opening test.");
  for (const auto& zone : options.local_zones) {
    setup.check(ub_ctx_zone_add(context, zone.name.c_str(), "static"), "local zone " + zone.name);
    for (const auto& record : zone.records) setup.check(ub_ctx_data_add(context, record.c_str()), record);
  }
  return setup.result();
}

Answer to_answer(RecordType type, const ub_result& result, std::size_t max_records) {
  Answer answer;
  if (result.bogus) {
    answer.status = Status::bogus;
    answer.text = "DNSSEC validation failed: " + printable(result.why_bogus);
    return answer;
  }
  if (result.nxdomain) {
    answer.status = Status::no_domain;
  } else if (result.rcode != 0) {
    answer.text = fmt::format("the name servers answer {}", rcode_name(result.rcode));
    return answer;
  } else {
    std::vector<std::string_view> rdata;
    for (int i = 0; result.data && result.data[i]; ++i) {
      rdata.emplace_back(result.data[i], static_cast<std::size_t>(result.len[i]));
    }
    answer = decode_records(type, rdata, max_records);
  }
  answer.security = result.secure ? Security::secure : Security::insecure;
  answer.ttl = std::chrono::seconds(std::max(result.ttl, 0));
  return answer;
}

}  // namespace

Expected<std::unique_ptr<Unbound>> Unbound::make(const UnboundOptions& options) {
  ub_ctx* context = ub_ctx_create();
  if (!context)
    return fail(ErrorCode::unavailable, "the resolver library cannot start: out of memory or descriptors");
  std::unique_ptr<Unbound> out(new Unbound(context, options.max_records));
  auto configured = configure(context, options);
  if (!configured) return std::unexpected(configured.error());
  if (ub_fd(context) < 0) return fail(ErrorCode::unavailable, "the resolver library has no descriptor");
  return out;
}

Unbound::~Unbound() { ub_ctx_delete(context_); }

int Unbound::descriptor() const { return ub_fd(context_); }

Expected<> Unbound::ask(const Question& question, void* tag) {
  const auto [at, fresh] = asked_.try_emplace(tag, Asked{this, tag, question.type, 0});
  if (!fresh) return fail(ErrorCode::conflict, "this tag has a question already");
  const int code = ub_resolve_async(context_, question.name.c_str(), static_cast<int>(question.type),
                                    kClassIn, &at->second, &Unbound::on_result, &at->second.id);
  if (code == UB_NOERROR) return {};
  asked_.erase(at);
  return fail(ErrorCode::unavailable, fmt::format("asking for {} of {}: {}", name_of(question.type),
                                                  question.name, ub_strerror(code)));
}

void Unbound::cancel(void* tag) {
  const auto at = asked_.find(tag);
  if (at == asked_.end()) return;
  ub_cancel(context_, at->second.id);
  asked_.erase(at);
}

std::vector<Unbound::Finished> Unbound::process() {
  ub_process(context_);
  return std::exchange(finished_, {});
}

void Unbound::on_result(void* asked, int error, ub_result* result) {
  const Asked done = *static_cast<Asked*>(asked);
  Answer answer;
  if (error != UB_NOERROR || !result) {
    answer.text = printable(ub_strerror(error));
  } else {
    answer = to_answer(done.type, *result, done.owner->max_records_);
  }
  ub_resolve_free(result);
  done.owner->asked_.erase(done.tag);
  done.owner->finished_.push_back({done.tag, std::move(answer)});
}

}  // namespace sluice::dns
