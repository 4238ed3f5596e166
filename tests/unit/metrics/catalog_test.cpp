#include "metrics/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "metrics/registry.hpp"

namespace sluice::metrics {
namespace {

std::size_t series_in(const std::string& text) {
  std::size_t n = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) n += line.starts_with('#') || line.empty() ? 0 : 1;
  return n;
}

TEST(Catalog, NamesAreUniqueAndHaveTheirUnits) {
  std::set<std::string_view> names;
  for (const auto* family : catalog()) {
    const auto name = family->name;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(name.starts_with("sluice_") || name.starts_with("process_")) << name;
    EXPECT_EQ(name.ends_with("_total"), family->type == Type::counter) << name;
    EXPECT_TRUE(family->help.ends_with('.')) << name;
    EXPECT_EQ(family->bounds.empty(), family->type != Type::histogram) << name;
    EXPECT_TRUE(std::ranges::is_sorted(family->bounds)) << name;
  }
}

TEST(Catalog, AHistogramAProviderHasTenBucketsAtMost) {
  for (const auto* family : catalog()) {
    const bool by_provider = std::ranges::find(family->labels, Label::provider) != family->labels.end();
    if (by_provider) {
      EXPECT_LE(family->bounds.size() + 1, 10U) << family->name;
    }
    EXPECT_LE(family->bounds.size(), kMaxBounds) << family->name;
  }
}

/// Whatever values come: each family's children are bounded, and with them the page.
TEST(Catalog, BoundsAddUpToTheMostSeries) {
  std::size_t sum = 0;
  for (const auto* family : catalog()) {
    const std::size_t other = family->label_count() > 0 ? 1 : 0;
    sum += (family->max_children + other) * family->series_a_child();
  }
  EXPECT_LE(sum, kMaxSeries);
}

/// 64 providers × 16 sources with everything that can happen to them fit without being merged.
TEST(Catalog, SixtyFourProvidersAndSixteenSourcesAreShownApart) {
  Registry registry;
  auto& shard = registry.make_shard();
  for (int p = 0; p < 64; ++p) {
    const auto provider = "provider-" + std::to_string(p);
    for (int s = 0; s < 16; ++s) {
      const auto source = "source-" + std::to_string(s);
      for (const auto* result : {"delivered", "deferred", "bounced", "in_doubt"}) {
        shard.cell(kAttempts, {provider, source, result}).add();
      }
      for (const auto* state : {"open", "connecting"})
        shard.cell(kConnections, {provider, source, state}).add();
      shard.cell(kBackoffActive, {provider, source, "rate-limit"}).add();
    }
    for (const auto* stage : {"connect", "ehlo", "starttls", "data", "dot"}) {
      shard.histogram(kStageSeconds, {stage, provider}).observe(1);
    }
    for (const auto* lane : {"first", "retry"}) shard.histogram(kTimeInQueue, {provider, lane}).observe(1);
    shard.histogram(kMessagesPerConnection, {provider}).observe(1);
  }
  const auto text = to_text(registry);
  EXPECT_EQ(text.find("\"other\""), std::string::npos);
  EXPECT_LE(series_in(text), kMaxSeries);
}

/// Whichever family shows its words first.
TEST(Catalog, TheWordsOfAFamilyAreNotTakenByAnother) {
  const std::vector<std::pair<const Family*, std::vector<std::string>>> counters{
      {&kDnsLookups, {"cached", "joined", "asked", "refused"}},
      {&kReports, {"relayed", "delayed", "failed", "dropped"}},
      {&kWebhookRequests, {"taken", "failed"}},
      {&kTlsSessions, {"plain", "full", "resumed", "failed"}},
      {&kAttempts, {"delivered", "bounced", "deferred", "in_doubt"}},
      {&kSuppressed, {"global", "tenant", "list", "unsubscribed"}},
      {&kDoorRefused, {"relay", "recipient", "message", "deferred"}},
      {&kThrottleWait, {"lane_rate", "path_rate", "connections", "connection_rate", "back_off"}},
      {&kQueueRecipients, {"ready", "deferred", "held", "paused"}},
      {&kConnections, {"open", "connecting"}},
      {&kCampaigns, {"running", "paused", "cancelling"}},
      {&kCampaignRecipients, {"queued", "delivered", "bounced", "expired", "suppressed", "cancelled"}},
  };
  for (std::size_t first = 0; first < counters.size(); ++first) {
    Registry registry;
    auto& shard = registry.make_shard();
    for (std::size_t i = 0; i < counters.size(); ++i) {
      const auto& [family, words] = counters[(first + i) % counters.size()];
      for (const auto& word : words) {
        if (family->labels[0] == Label::wait_reason || family->labels[0] == Label::queue_state)
          shard.cell(*family, {word, "gmail"}).add();
        else if (family->label_count() == 1)
          shard.cell(*family, {word}).add();
        else if (family->label_count() == 2)
          shard.cell(*family, {"gmail", word}).add();
        else
          shard.cell(*family, {"1.3", "opportunistic", word}).add();
      }
    }
    EXPECT_EQ(to_text(registry).find("\"other\""), std::string::npos) << counters[first].first->name;
  }
}

/// Every family filled beyond its bound, with values nobody expects.
TEST(Catalog, NoFloodOfValuesMakesMoreSeries) {
  Registry registry;
  auto& shard = registry.make_shard();
  for (const auto* family : catalog()) {
    const auto labels = family->label_count();
    for (std::size_t i = 0; i < family->max_children + 200; ++i) {
      const auto a = std::to_string(i % 80);
      const auto b = std::to_string(i / 80);
      const auto c = std::to_string(i);
      const auto fill = [&](auto&& make) {
        if (labels == 0) make(Values{});
        if (labels == 1) make(Values{c});
        if (labels == 2) make(Values{a, b});
        if (labels == 3) make(Values{a, b, c});
      };
      if (family->type == Type::histogram) {
        fill([&](Values values) { shard.histogram(*family, values).observe(1); });
      } else {
        fill([&](Values values) { shard.cell(*family, values).add(); });
      }
    }
  }
  const auto families = registry.Collect();
  EXPECT_EQ(families.size(), catalog().size());
  EXPECT_LE(series_in(to_text(registry)), kMaxSeries);
}

}  // namespace
}  // namespace sluice::metrics
