// One SMTP reply to a class, with 500 rules: replies that differ in address, host and id as real ones do.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>
#include <vector>

#include "engine/feedback/classifier.hpp"
#include "engine/feedback/rule_file.hpp"

namespace {

using namespace sluice;
using namespace sluice::feedback;

constexpr std::size_t kRules = 500;
constexpr std::size_t kReplies = 20'000;

std::vector<Rule> rules() {
  auto out = merge_rules({}, builtin_rules());
  std::vector<Rule> own;
  for (std::size_t i = 0; out.size() + own.size() < kRules; ++i) {
    Rule rule;
    rule.id = fmt::format("own-{}", i);
    rule.bounce_class = BounceClass::policy;
    rule.text = {fmt::format("reason[- ]{}.*(refused|rejected)", i)};
    own.push_back(std::move(rule));
  }
  return merge_rules(std::move(own), std::move(out));
}

std::vector<message::Reply> replies() {
  std::mt19937 random(7);
  std::vector<message::Reply> out;
  for (std::size_t i = 0; i < kReplies; ++i) {
    const auto who = fmt::format("user{}@host{}.example", random() % 1'000'000, random() % 1000);
    const auto id = fmt::format("{:08x}{:08x}", random(), random());
    switch (i % 6) {
      case 0:
        out.push_back({550, {5, 1, 1}, fmt::format("<{}>: Recipient address rejected: User unknown", who)});
        break;
      case 1:
        out.push_back(
            {421,
             {4, 7, 28},
             fmt::format("Our system has detected an unusual rate of\n4.7.28 mail from [192.0.2.{}] "
                         "{} - gsmtp",
                         random() % 256, id)});
        break;
      case 2:
        out.push_back({554,
                       {5, 7, 1},
                       fmt::format("Service unavailable; Client host [192.0.2.{}] blocked using "
                                   "zen.spamhaus.org",
                                   random() % 256)});
        break;
      case 3:
        out.push_back(
            {452, {4, 2, 2}, fmt::format("The recipient's inbox is out of storage space. {} - gsmtp", id)});
        break;
      case 4:
        out.push_back({450, {4, 2, 0}, fmt::format("<{}>: Recipient address rejected: Greylisted", who)});
        break;
      default:
        out.push_back({550, {}, fmt::format("something nobody wrote a rule for: {} ({})", id, who)});
        break;
    }
  }
  return out;
}

void classify_one(benchmark::State& state) {
  const auto classifier = Classifier::build(rules());
  const auto texts = replies();
  std::size_t at = 0;
  for (auto _ : state) {
    const auto& reply = texts[at++ % texts.size()];
    benchmark::DoNotOptimize(
        classifier->classify({reply.code, reply.enhanced, reply.text, "rcpt", "google", "mx.google.com"}));
  }
  state.counters["rules"] = static_cast<double>(classifier->rules().size());
}
BENCHMARK(classify_one)->Name("classifier/reply")->MinTime(1.0);

void build_rules(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Classifier::build(rules()).has_value());
}
BENCHMARK(build_rules)->Name("classifier/build")->Unit(benchmark::kMillisecond);

}  // namespace
