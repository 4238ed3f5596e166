// Our text form against prometheus-cpp's own: the same lines, with the same numbers.
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>
#include <vector>

#include "metrics/catalog.hpp"
#include "metrics/registry.hpp"

namespace sluice::metrics {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

void expect_same(const std::string& ours, const std::string& theirs) {
  const auto a = lines_of(ours);
  const auto b = lines_of(theirs);
  ASSERT_EQ(a.size(), b.size()) << ours << theirs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].starts_with('#')) {
      EXPECT_EQ(a[i], b[i]);
      continue;
    }
    EXPECT_EQ(a[i].substr(0, a[i].rfind(' ')), b[i].substr(0, b[i].rfind(' ')));
    const auto x = std::strtod(a[i].c_str() + a[i].rfind(' '), nullptr);
    const auto y = std::strtod(b[i].c_str() + b[i].rfind(' '), nullptr);
    // It writes 16 digits, which is one too few for some numbers.
    const bool same = x == y || std::abs(x - y) <= 1e-15 * std::abs(x) || (std::isnan(x) && std::isnan(y));
    EXPECT_TRUE(same) << a[i] << " / " << b[i];
  }
}

TEST(Text, SaysWhatTheSerializerOfPrometheusSays) {
  Registry registry;
  auto& shard = registry.make_shard();
  for (const double value :
       {0.0, 1.0, -3.0, 0.1, 1e-9, 123456.789, 9007199254740992.0, 1.7976931348623157e300}) {
    shard.cell(kQueueOldest, {"ready", "p" + std::to_string(value).substr(0, 30)}).set(value);
  }
  shard.cell(kQueueOldest, {"ready", "inf"}).set(std::numeric_limits<double>::infinity());
  shard.cell(kQueueOldest, {"ready", "minus"}).set(-std::numeric_limits<double>::infinity());
  shard.cell(kQueueOldest, {"ready", "nan"}).set(std::nan(""));
  shard.cell(kDelivered, {"quo\"te\\back\nline", "none"}).add(2);
  shard.cell(kDiskFree, {}).set(3e15);
  auto& histogram = shard.histogram(kTimeInQueue, {"google", "retry"});
  for (const double value : {0.2, 3.0, 40.0, 1e7}) histogram.observe(value);
  shard.histogram(kDkimSign, {}).observe(0.00007);
  const auto families = registry.Collect();
  expect_same(to_text(families), prometheus::TextSerializer().Serialize(families));
}

TEST(Text, OfNothingIsEmpty) { EXPECT_EQ(to_text(Registry()), ""); }

}  // namespace
}  // namespace sluice::metrics
