// The keys of who sends, from where and how fast: sources, pools, routes, keys, tenants, policies.
#include "config/schema_tables.hpp"

namespace sluice::config::tables {
namespace {

constexpr std::string_view kTlsModes[] = {"off", "opportunistic", "required"};

constexpr Field kSource[] = {
    field<&Source::name>("name", "how pools, policies and events call it")
        .as(Format::name)
        .eg("a")
        .required(),
    field<&Source::address>("address", "IPv4 address to send from; one of address and address6 is needed")
        .as(Format::address4)
        .eg("192.0.2.10"),
    field<&Source::address6>("address6", "IPv6 address to send from").as(Format::address6).eg("2001:db8::10"),
    field<&Source::ehlo>("ehlo", "name given in EHLO; the address's PTR record should say the same")
        .as(Format::host)
        .eg("mta-a.shop.test"),
    field<&Source::warmup>("warmup",
                           "receivers do not know it yet: messages a day to one provider, \"standard\", "
                           "\"gentle\" or the steps themselves; docs/sources.md")
        .as(Format::ladder)
        .eg("50, 100, 500, 1k, 5k, 10k"),
    field<&Source::warmup_start>("warmup_start", "nothing is sent from it before this day (UTC)")
        .as(Format::day)
        .eg("2026-12-01"),
};

constexpr Field kPool[] = {
    field<&Pool::name>("name", "how campaigns and routes call it; \"default\" serves who names none")
        .as(Format::name)
        .eg("default")
        .required(),
    field<&Pool::sources>("sources", "first attempts may use any of them")
        .as(Format::name)
        .eg("[\"a\"]")
        .required(),
    field<&Pool::weights>("weights", "shares of first attempts, in the order of sources; none: equal")
        .in(1, 1000)
        .eg("[3]"),
};

constexpr Field kRoute[] = {
    field<&Route::name>("name", "how `explain` calls it").as(Format::name).eg("relay"),
    field<&Route::match>("match", "the first route that matches is taken")
        .eg("{ domain = \"partner.test\" }")
        .required(),
    field<&Route::hosts>("hosts", "sent there instead of to the MX; port 25 unless given")
        .as(Format::hostport)
        .eg("[\"relay.shop.test:587\"]"),
    field<&Route::pool>("pool", "sent from there instead of from the message's own pool")
        .as(Format::name)
        .eg("default"),
    field<&Route::tls>("tls", "instead of [tls] mode").one_of(kTlsModes).eg("required"),
};

constexpr Field kDkim[] = {
    field<&Dkim::domain>("domain", "mail whose From is in it is signed; several keys: several signatures")
        .as(Format::domain)
        .eg("shop.test")
        .required()
        .live(),
    field<&Dkim::selector>("selector", "the key is published at selector._domainkey.domain")
        .as(Format::host)
        .eg("s1")
        .required()
        .live(),
    field<&Dkim::key_file>("key_file", "RSA or Ed25519 private key, PEM, mode 0600 or refused")
        .as(Format::path)
        .eg("keys/s1.pem")
        .required()
        .live(),
};

constexpr Field kTenant[] = {
    field<&Tenant::name>("name",
                         "once one is listed, other sections may name only listed ones and \"default\"")
        .as(Format::name)
        .eg("shop")
        .required()
        .live(),
    field<&Tenant::weight>("weight", "share of a path beside other tenants").in(1, 1000).live(),
    field<&Tenant::message_rate>("message_rate", "all the tenant's mail together; empty: no limit")
        .as(Format::rate)
        .eg("50/s")
        .live(),
    field<&Tenant::mail_from>("mail_from", "MAIL FROM instead of <token>@[bounce] domain")
        .as(Format::email)
        .eg("bounces@shop.test")
        .live(),
};

constexpr Field kSender[] = {
    field<&Sender::tenant>("tenant", "who may use the domains").as(Format::name).live(),
    field<&Sender::from_domains>("from_domains", "From domains beside those that have a [[dkim]] key")
        .as(Format::domain)
        .eg("[\"unsigned.test\"]")
        .required()
        .live(),
};

constexpr Field kPolicy[] = {
    field<&Policy::name>("name", "how throttles and `explain` call it").as(Format::name).eg("example").live(),
    field<&Policy::match>(
        "match", "all keys given must agree, \"*\" is each value apart; every policy that matches must grant")
        .eg("{ domain = \"example.test\" }")
        .required()
        .live(),
    field<&Policy::message_rate>("message_rate", "messages; the burst is 50 ms of the rate unless given")
        .as(Format::rate)
        .eg("100/s burst 10")
        .live(),
    field<&Policy::byte_rate>("byte_rate", "bytes of message").as(Format::rate).eg("10_000_000/s").live(),
    field<&Policy::connection_rate>("connection_rate", "new connections")
        .as(Format::rate)
        .eg("30/min")
        .live(),
    field<&Policy::connections>("connections", "open at once; 0: no limit from this policy")
        .in(0, 100'000, "connections")
        .live(),
    field<&Policy::messages_per_connection>("messages_per_connection",
                                            "then it is closed; 0: no limit from this policy")
        .in(0, 1'000'000, "messages")
        .live(),
    field<&Policy::hourly_quota>("hourly_quota", "messages in each hour of UTC; 0: no limit from this policy")
        .in(0, 4'000'000'000, "messages")
        .live(),
    field<&Policy::daily_quota>("daily_quota",
                                "messages in each day of UTC, from 00:00; 0: no limit from this policy")
        .in(0, 4'000'000'000, "messages")
        .live(),
    field<&Policy::override>("override",
                             "wider policies do not count for the limits this one sets (docs/throttles.md)")
        .live(),
};

}  // namespace

std::span<const Field> source() { return kSource; }
std::span<const Field> pool() { return kPool; }
std::span<const Field> route() { return kRoute; }
std::span<const Field> dkim() { return kDkim; }
std::span<const Field> tenant() { return kTenant; }
std::span<const Field> sender() { return kSender; }
std::span<const Field> policy() { return kPolicy; }

}  // namespace sluice::config::tables
