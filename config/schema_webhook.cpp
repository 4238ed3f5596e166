// The keys of webhooks.
#include "config/schema_tables.hpp"

namespace sluice::config::tables {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Field kWebhook[] = {
    field<&Webhook::name>("name", "of the endpoint; its cursor is kept under it")
        .as(Format::name)
        .eg("crm")
        .required()
        .live(),
    field<&Webhook::url>("url", "https://, or http:// to this machine; redirects are not followed")
        .eg("https://crm.shop.test/hooks/mail")
        .required()
        .live(),
    field<&Webhook::secret_files>("secret_files",
                                  "1 to 4 files, mode 0600, with a whsec_ secret each; every one signs")
        .as(Format::path)
        .eg("[\"keys/crm.whsec\"]")
        .required()
        .live(),
    field<&Webhook::tenants>("tenants", "whose events; empty: everybody's, and those of nobody")
        .as(Format::name)
        .eg("[\"shop\"]")
        .live(),
    field<&Webhook::events>("events", "which kinds; empty: all")
        .as(Format::name)
        .eg("[\"delivered\", \"bounced\", \"complaint\"]")
        .live(),
    field<&Webhook::batch_events>("batch_events", "in one request at most").in(1, 10'000, "events").live(),
    field<&Webhook::batch_size>("batch_size", "of one request at most; a longer event goes alone")
        .in(kib(4), mib(8))
        .live(),
    field<&Webhook::batch_wait>("batch_wait", "a batch that is not full goes after so long")
        .in(Millis{0}, hours(1))
        .live(),
    field<&Webhook::timeout>("timeout", "for a whole request and its answer")
        .in(seconds(1), seconds(600))
        .live(),
    field<&Webhook::retry_min>("retry_min", "wait after the first failure; doubles with each further one")
        .in(Millis{100}, hours(1))
        .live(),
    field<&Webhook::retry_max>("retry_max", "and stays at this").in(Millis{100}, hours(24)).live(),
    field<&Webhook::plain>("plain",
                           "allow http:// to other machines: addresses cross the network in the clear")
        .live(),
};

}  // namespace

std::span<const Field> webhook() { return kWebhook; }

}  // namespace sluice::config::tables
