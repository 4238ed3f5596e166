// The keys of how mail leaves: DNS, connections, TLS, retries.
#include "config/schema_tables.hpp"

namespace sluice::config::tables {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kWeek = hours(24 * 7);

constexpr std::string_view kTlsModes[] = {"off", "opportunistic", "required"};
constexpr std::string_view kInDoubt[] = {"retry", "assume-delivered", "hold"};

constexpr Field kDns[] = {
    field<&Dns::servers>("servers", "resolvers to ask; empty: the system's")
        .as(Format::server)
        .eg("[\"127.0.0.1:5353\"]"),
    field<&Dns::timeout>("timeout", "an answer later than this is a failure that is tried again")
        .in(Millis{100}, minutes(2)),
    field<&Dns::cache_entries>("cache_entries", "answers kept; the longest unused goes first")
        .in(1000, 10'000'000, "answers"),
    field<&Dns::ttl_min>("ttl_min", "answers are kept at least this long").in(Millis{0}, hours(1)),
    field<&Dns::ttl_max>("ttl_max", "answers are kept at most this long").in(seconds(1), kWeek),
    field<&Dns::negative_ttl>("negative_ttl", "answers that say no are kept at most this long")
        .in(Millis{0}, hours(3)),
};

constexpr Field kDelivery[] = {
    field<&Delivery::smtp_port>("smtp_port", "port on the MX hosts").in(1, 65'535),
    field<&Delivery::ehlo>("ehlo",
                           "name given in EHLO where the [[source]] has none; empty: this host's name")
        .as(Format::host)
        .eg("mta.shop.test"),
    field<&Delivery::connections_per_site>(
        "connections_per_site", "from one source to one site, where no [[policy]] sets connections")
        .in(1, 10'000, "connections"),
    field<&Delivery::messages_per_connection>("messages_per_connection",
                                              "then the connection is closed; where no [[policy]] sets it")
        .in(1, 1'000'000, "messages"),
    field<&Delivery::connection_rate>(
        "connection_rate",
        "new connections from one source to one site, where no [[policy]] sets it; empty: no limit")
        .as(Format::rate)
        .eg("100/min"),
    field<&Delivery::message_rate>(
        "message_rate", "messages from one source to one site, where no [[policy]] sets it; empty: no limit")
        .as(Format::rate)
        .eg("100/s"),
    field<&Delivery::lease_run>("lease_run",
                                "records a path takes at once; bounds what is in doubt after a crash")
        .in(1, 64, "records"),
    field<&Delivery::chunking>("chunking", "BDAT pipelined over messages where the peer offers CHUNKING"),
    field<&Delivery::idle>("idle", "an unused connection is kept open this long").in(Millis{0}, minutes(10)),
    field<&Delivery::connect_timeout>("connect_timeout", "TCP connect").in(Millis{100}, minutes(5)),
    field<&Delivery::banner_timeout>("banner_timeout", "the greeting (RFC 5321 4.5.3.2: 5 minutes)")
        .in(Millis{100}, minutes(30)),
    field<&Delivery::command_timeout>("command_timeout", "answers to EHLO, STARTTLS, MAIL, RCPT, RSET")
        .in(Millis{100}, minutes(30)),
    field<&Delivery::data_timeout>("data_timeout", "the answer to DATA").in(Millis{100}, minutes(30)),
    field<&Delivery::block_timeout>("block_timeout", "each block of the message that is written")
        .in(Millis{100}, minutes(30)),
    field<&Delivery::final_timeout>("final_timeout",
                                    "the answer after the final dot; later than this is in doubt")
        .in(Millis{100}, minutes(60)),
};

constexpr Field kTls[] = {
    field<&Tls::mode>("mode", "towards MX hosts: never, when offered, or never without").one_of(kTlsModes),
    field<&Tls::verify>("verify", "a certificate that does not verify counts as a failed attempt"),
    field<&Tls::ca_file>("ca_file", "trusted certificates, PEM; empty: the system's")
        .as(Format::path)
        .eg("ca.pem"),
    field<&Tls::sessions>("sessions", "sessions kept for resumption, all sites together")
        .in(0, 1'000'000, "sessions"),
};

constexpr Field kRetry[] = {
    field<&Retry::ladder>("ladder", "waits after the first, second, … failed attempt; the last one repeats")
        .in(Millis{10}, kWeek)
        .live(),
    field<&Retry::greylist>("greylist", "waits after a greylisting answer; then the ladder")
        .in(Millis{10}, kWeek)
        .live(),
    field<&Retry::jitter>("jitter", "each wait is longer or shorter by up to this much")
        .in(0, 50, "%")
        .live(),
    field<&Retry::expire>(
        "expire", "mail not delivered after this long is given up, unless its campaign says otherwise")
        .in(seconds(1), hours(24 * 30))
        .live(),
    field<&Retry::in_doubt>("in_doubt", "what follows when the answer to the final dot is lost")
        .one_of(kInDoubt)
        .live(),
    field<&Retry::in_doubt_delay>("in_doubt_delay", "wait before a message in doubt goes again")
        .in(Millis{10}, kWeek)
        .live(),
    field<&Retry::in_doubt_tries>("in_doubt_tries", "further attempts a message in doubt gets")
        .in(0, 10, "attempts")
        .live(),
};

}  // namespace

std::span<const Field> dns() { return kDns; }
std::span<const Field> delivery() { return kDelivery; }
std::span<const Field> tls() { return kTls; }
std::span<const Field> retry() { return kRetry; }

}  // namespace sluice::config::tables
