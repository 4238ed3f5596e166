// The keys of what listens: HTTP, public pages, bounces, SMTP submission.
#include "config/schema_tables.hpp"

namespace sluice::config::tables {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kStarttls[] = {"off", "optional", "required"};

constexpr Field kHttp[] = {
    field<&Http::listen>("listen",
                         "/metrics /healthz /readyz, without a token; nothing that acts; empty: off")
        .as(Format::endpoint)
        .eg("127.0.0.1:8025"),
    field<&Http::connections>("connections", "open at once; further ones get 503")
        .in(1, 100'000, "connections"),
    field<&Http::header_size>("header_size", "a longer request header gets 431").in(kib(1), mib(1)),
    field<&Http::body_size>("body_size", "a longer request body gets 413").in(kib(1), gib(1)),
    field<&Http::idle>("idle", "a connection without a whole request for this long is closed")
        .in(Millis{100}, hours(1)),
};

constexpr Field kPublic[] = {
    field<&Public::listen>("listen",
                           "one-click unsubscribe and landing pages, what the world may reach; empty: off")
        .as(Format::endpoint)
        .eg("127.0.0.1:8026"),
    field<&Public::url>("url", "how the world reaches it; links in mail start with this")
        .as(Format::url)
        .eg("https://mail.shop.test"),
    field<&Public::cert_file>("cert_file",
                              "certificate chain, PEM, and HTTPS; empty: plain HTTP, for a proxy")
        .as(Format::path)
        .eg("keys/public.crt"),
    field<&Public::key_file>("key_file", "its private key, PEM, mode 0600")
        .as(Format::path)
        .eg("keys/public.key"),
    field<&Public::connections>("connections", "open at once; further ones get 503")
        .in(1, 100'000, "connections"),
};

constexpr Field kBounce[] = {
    field<&Bounce::domain>("domain", "MAIL FROM is <token>@ this, unless campaign or tenant has a mail_from")
        .as(Format::domain)
        .eg("bounces.shop.test"),
    field<&Bounce::listen>("listen", "SMTP for bounces, complaints and mailto unsubscribes; empty: off")
        .as(Format::endpoint)
        .eg("127.0.0.1:2526"),
    field<&Bounce::cert_file>("cert_file", "certificate chain, PEM: STARTTLS is offered")
        .as(Format::path)
        .eg("keys/bounces.crt"),
    field<&Bounce::key_file>("key_file", "its private key, PEM, mode 0600")
        .as(Format::path)
        .eg("keys/bounces.key"),
    field<&Bounce::maildir>("maildir", "a maildir where such mail is delivered by others; `new` is read")
        .as(Format::path)
        .eg("/srv/bounces/Maildir"),
    field<&Bounce::rules>(
        "rules", "own rules for what refusals mean, read before the built-in ones; see docs/bounces.md")
        .as(Format::path)
        .eg("bounce_rules.toml"),
    field<&Bounce::connections>("connections", "open at once; further ones get 421")
        .in(1, 100'000, "connections"),
    field<&Bounce::message_size>("message_size", "a longer message gets 552").in(kib(16), mib(64)),
    field<&Bounce::idle>("idle", "a session without a command for this long is closed")
        .in(Millis{100}, hours(1)),
};

constexpr Field kDsn[] = {
    field<&Dsn::enabled>("enabled",
                         "senders are told of what failed, as RFC 3461 asks of whoever accepts mail"),
    field<&Dsn::from>("from", "address reports come from; empty: MAILER-DAEMON@ the name in [delivery] ehlo")
        .as(Format::email)
        .eg("MAILER-DAEMON@shop.test"),
    field<&Dsn::delay>("delay", "who asked for it is told once that mail still waits; 0: nobody is")
        .in(Millis{0}, hours(7 * 24)),
    field<&Dsn::full_size>("full_size", "a larger message comes back as its header alone")
        .in(kib(0), mib(25)),
};

constexpr Field kListener[] = {
    field<&Listener::listen>("listen", "where to listen")
        .as(Format::endpoint)
        .eg("127.0.0.1:2525")
        .required(),
    field<&Listener::trusted_networks>("trusted_networks",
                                       "clients that may submit; everybody else is refused")
        .as(Format::network)
        .eg("[\"127.0.0.1/32\"]"),
    field<&Listener::tenant>("tenant", "whose mail it is").as(Format::name),
    field<&Listener::ehlo>("ehlo", "name in the greeting; empty: that of [delivery]")
        .as(Format::host)
        .eg("mail.shop.test"),
    field<&Listener::starttls>("starttls", "optional and required need cert_file and key_file")
        .one_of(kStarttls),
    field<&Listener::cert_file>("cert_file", "certificate chain, PEM").as(Format::path).eg("keys/mail.crt"),
    field<&Listener::key_file>("key_file", "its private key, PEM, mode 0600")
        .as(Format::path)
        .eg("keys/mail.key"),
    field<&Listener::connections>("connections", "open at once; further ones get 421")
        .in(1, 100'000, "connections"),
    field<&Listener::connections_per_client>("connections_per_client",
                                             "from one address; further ones get 421")
        .in(1, 100'000, "connections"),
    field<&Listener::recipients>("recipients", "in one message; further ones get 452")
        .in(1, 100'000, "recipients"),
    field<&Listener::message_size>("message_size", "announced as SIZE; a longer message gets 552")
        .in(kib(16), gib(1)),
    field<&Listener::idle>("idle", "a session without a command for this long gets 421")
        .in(seconds(1), hours(1)),
};

}  // namespace

std::span<const Field> http() { return kHttp; }
std::span<const Field> public_() { return kPublic; }
std::span<const Field> bounce() { return kBounce; }
std::span<const Field> dsn() { return kDsn; }
std::span<const Field> listener() { return kListener; }

}  // namespace sluice::config::tables
