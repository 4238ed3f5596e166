#include "engine/app/demo_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <string_view>
#include <vector>

#include "engine/app/demo_plan.hpp"
#include "engine/sink/hash.hpp"

namespace sluice::app {
namespace {

constexpr std::array<std::string_view, 20> kFirst{"Ada",  "Ben", "Cleo",  "Dora", "Emil",  "Fay",  "Gus",
                                                  "Hana", "Ivo", "Jana",  "Kai",  "Lena",  "Mats", "Nora",
                                                  "Otto", "Pia", "Quinn", "Rosa", "Søren", "Zoë"};
constexpr std::array<std::string_view, 12> kLast{"Alder",  "Birch", "Cedar",  "Elm",   "Fir",    "Hazel",
                                                 "Linden", "Maple", "Nutmeg", "Rowan", "Spruce", "Tulip"};
constexpr std::array<std::string_view, 4> kStore{"Harbour Street", "Market Square", "Station Road",
                                                 "\"Mill Lane, North Gate\""};
constexpr double kAtTheMainDomain = 0.6;   ///< of a provider's recipients; the rest are at its hosted domains
constexpr std::size_t kRemembered = 1000;  ///< addresses a duplicate may repeat

/// splitmix64 as a stream; the sequence is part of what a seed means.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(sink::mix(seed)) {}
  std::uint64_t next() { return sink::mix(state_++); }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  double unit() { return sink::to_unit(next()); }

 private:
  std::uint64_t state_;
};

/// Where a recipient of this provider is: the first hosted domain is met most often, the nth 1/n as often.
std::string domain_of(const DemoProvider& provider, Draws& draws) {
  if (draws.unit() < kAtTheMainDomain) return provider.domain;
  const auto rank = std::pow(static_cast<double>(provider.hosted), draws.unit());
  const auto nth = std::min<std::uint64_t>(static_cast<std::uint64_t>(rank), provider.hosted);
  return fmt::format("shop{}.{}", nth, provider.domain);
}

const DemoProvider& provider_for(Draws& draws) {
  auto percent = draws.below(100);
  for (const auto& provider : demo_providers()) {
    if (percent < provider.percent) return provider;
    percent -= provider.percent;
  }
  return demo_providers().front();
}

class List {
 public:
  List(std::ostream& out, const DemoListOptions& options)
      : out_(out), options_(options), draws_(options.seed) {}

  DemoListCounts write() {
    out_ << "email,name,first_name,contact_id,store,member,points,voucher\n";
    for (std::uint64_t row = 0; row < options_.rows; ++row) add(row);
    counts_.rows = options_.rows;
    return std::move(counts_);
  }

 private:
  void add(std::uint64_t row) {
    const auto first = kFirst[draws_.below(kFirst.size())];
    const auto last = kLast[draws_.below(kLast.size())];
    const auto kind = draws_.below(1000);
    if (kind < options_.invalid_per_mille) {
      ++counts_.invalid;
      return write_row(fmt::format("row{} at nowhere", row), first, last, row);
    }
    if (kind < options_.invalid_per_mille + options_.duplicate_per_mille && !earlier_.empty()) {
      ++counts_.duplicates;
      return write_row(earlier_[draws_.below(earlier_.size())], first, last, row);
    }
    const auto& provider = provider_for(draws_);
    const auto email = fmt::format("reader{}@{}", row, domain_of(provider, draws_));
    ++counts_.recipients[provider.name];
    if (earlier_.size() < kRemembered) {
      earlier_.push_back(email);
    } else if (row % 64 == 0) {
      earlier_[draws_.below(kRemembered)] = email;
    }
    write_row(email, first, last, row);
  }

  void write_row(std::string_view email, std::string_view first, std::string_view last, std::uint64_t row) {
    const bool member = draws_.below(100) < 40;
    const bool voucher = draws_.below(100) < 30;
    const auto contact = 1'000'000 + row;
    out_ << fmt::format("{},{} {},{},{},{},{},{},{}\n", email, first, last, first, contact,
                        draws_.below(100) < 85 ? kStore[draws_.below(kStore.size())] : "",
                        member ? "yes" : "", member ? std::to_string(10 + draws_.below(2000)) : "",
                        voucher ? fmt::format("LEAF-{}", contact) : "");
  }

  std::ostream& out_;
  const DemoListOptions& options_;
  Draws draws_;
  DemoListCounts counts_;
  std::vector<std::string> earlier_;
};

}  // namespace

DemoListCounts write_demo_list(std::ostream& out, const DemoListOptions& options) {
  return List(out, options).write();
}

}  // namespace sluice::app
