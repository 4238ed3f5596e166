// The text format, written straight into one string: a scrape of as many series as there can be takes 15 ms
// of CPU, with prometheus::TextSerializer 32 ms (bench/micro/metrics_bench.cpp). A test holds it to that one
// line by line.
#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "metrics/registry.hpp"

namespace sluice::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

void escape(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    out += c;
  }
}

void append_number(std::string& out, double value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(out), "{}", value);
  } else {
    out += std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  }
}

/// Everything of a line before its value; `bound` is a bucket's.
void append_name(std::string& out, const MetricFamily& family, std::string_view suffix,
                 const ClientMetric& metric, const double* bound = nullptr) {
  out.append(family.name).append(suffix);
  if (metric.label.empty() && bound == nullptr) {
    out += ' ';
    return;
  }
  char before = '{';
  for (const auto& label : metric.label) {
    out.append(1, before).append(label.name).append("=\"");
    escape(out, label.value, true);
    out += '"';
    before = ',';
  }
  if (bound != nullptr) {
    out.append(1, before).append("le=\"");
    append_number(out, *bound);
    out += '"';
  }
  out += "} ";
}

void append_line(std::string& out, const MetricFamily& family, std::string_view suffix,
                 const ClientMetric& metric, double value, const double* bound = nullptr) {
  append_name(out, family, suffix, metric, bound);
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, const MetricFamily& family, const ClientMetric& metric) {
  const auto& histogram = metric.histogram;
  append_line(out, family, "_count", metric, static_cast<double>(histogram.sample_count));
  append_line(out, family, "_sum", metric, histogram.sample_sum);
  for (const auto& bucket : histogram.bucket) {
    append_line(out, family, "_bucket", metric, static_cast<double>(bucket.cumulative_count),
                &bucket.upper_bound);
  }
}

void append_family(std::string& out, const MetricFamily& family) {
  out.append("# HELP ").append(family.name).append(1, ' ');
  escape(out, family.help, false);
  const bool counter = family.type == MetricType::Counter;
  const bool histogram = family.type == MetricType::Histogram;
  out.append("\n# TYPE ").append(family.name);
  out.append(counter ? " counter\n" : histogram ? " histogram\n" : " gauge\n");
  for (const auto& metric : family.metric) {
    if (histogram) {
      append_histogram(out, family, metric);
    } else {
      append_line(out, family, {}, metric, counter ? metric.counter.value : metric.gauge.value);
    }
  }
}

}  // namespace

std::string to_text(const std::vector<MetricFamily>& families) {
  std::string out;
  out.reserve(64 * 1024);
  for (const auto& family : families) append_family(out, family);
  return out;
}

std::string to_text(const Registry& registry) { return to_text(registry.Collect()); }

}  // namespace sluice::metrics
