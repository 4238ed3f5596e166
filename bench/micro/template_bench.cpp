// What ten million recipients pay for each: a 10 KB body with six merge fields, its row, its address.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "engine/message/address.hpp"
#include "engine/message/html_text.hpp"
#include "engine/message/row.hpp"
#include "engine/message/template.hpp"

namespace sluice::message {
namespace {

constexpr std::array<std::string_view, 6> kFields = {"Ann",        "Example",  "Springfield",
                                                     "2026-11-25", "AUTUMN10", "12.50"};

const RowLayout& layout() {
  static const auto made = RowLayout::of({"first", "last", "city", "date", "code", "total"}).value();
  return made;
}

/// About 10 KB of HTML with each field once.
std::string body() {
  std::string source = "<html><body>";
  for (const auto& name : layout().names()) {
    for (int i = 0; i < 40; ++i) source += "<p>Some forty bytes of literal text.</p>";
    source += "<b>{{" + name + "}}</b>";
  }
  return source + "</body></html>";
}

std::string row() {
  std::string blob;
  encode_row(kFields, blob);
  return blob;
}

void BM_TemplateRender10K(benchmark::State& state) {
  const auto compiled = Template::compile(body(), Mode::html, layout()).value();
  const auto blob = row();
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(compiled.render({RowView(blob), {}}, out));
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(out.size());
}
BENCHMARK(BM_TemplateRender10K);

void BM_TemplateRender10KEncoded(benchmark::State& state) {
  const auto compiled = Template::compile(body(), Mode::html, layout()).value();
  const auto blob = row();
  std::string out;
  const auto encode = [](std::string_view value, std::string& to) { to += value; };
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(compiled.render({RowView(blob), {}}, out, encode));
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_TemplateRender10KEncoded);

void BM_TemplateSubject(benchmark::State& state) {
  const auto compiled =
      Template::compile("Hello {{first}}, {{code}} ends soon", Mode::header, layout()).value();
  const auto blob = row();
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(compiled.render({RowView(blob), {}}, out));
  }
}
BENCHMARK(BM_TemplateSubject);

void BM_TemplateEachTenItems(benchmark::State& state) {
  const auto columns = RowLayout::of({"items"}).value();
  std::string blob;
  RowWriter writer(blob, 1);
  writer.values().begin_list();
  for (int i = 0; i < 10; ++i) {
    writer.values().begin_object();
    writer.values().key("title");
    writer.values().string("A cup");
    writer.values().key("price");
    writer.values().number("12.50");
    writer.values().end_object();
  }
  writer.values().end_list();
  if (!writer.finish()) state.SkipWithError("row");
  const auto compiled =
      Template::compile("{{#each items}}<li>{{title}}: {{price}}</li>\n{{/each}}", Mode::html, columns)
          .value();
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(compiled.render({RowView(blob), {}}, out));
  }
}
BENCHMARK(BM_TemplateEachTenItems);

void BM_TemplateCompile10K(benchmark::State& state) {
  const auto source = body();
  for (auto _ : state) benchmark::DoNotOptimize(Template::compile(source, Mode::html, layout()));
}
BENCHMARK(BM_TemplateCompile10K);

void BM_RowEncodeSixFields(benchmark::State& state) {
  std::string blob;
  for (auto _ : state) {
    blob.clear();
    encode_row(kFields, blob);
    benchmark::DoNotOptimize(blob.data());
  }
}
BENCHMARK(BM_RowEncodeSixFields);

void BM_AddressParse(benchmark::State& state) {
  Address address;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_address("Ann.Example+news@Mail.Shop-Example.test", {}, address));
    benchmark::DoNotOptimize(address);
  }
}
BENCHMARK(BM_AddressParse);

void BM_AddressKey(benchmark::State& state) {
  const auto address = parse_address("Ann.Example+news@mail.shop-example.test").value();
  std::string key;
  for (auto _ : state) {
    key.clear();
    address.append_key(key);
    benchmark::DoNotOptimize(key.data());
  }
}
BENCHMARK(BM_AddressKey);

void BM_AddressInternational(benchmark::State& state) {
  Address address;
  for (auto _ : state) benchmark::DoNotOptimize(parse_address("info@bücher.test", {}, address));
}
BENCHMARK(BM_AddressInternational);

void BM_HtmlTextOf100K(benchmark::State& state) {
  std::string html;
  while (html.size() < 100'000) html += body();
  for (auto _ : state) benchmark::DoNotOptimize(text_from_html(html));
}
BENCHMARK(BM_HtmlTextOf100K);

}  // namespace
}  // namespace sluice::message
