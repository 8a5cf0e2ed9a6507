// Cost of decoding one heartbeat line, by format.
#include <benchmark/benchmark.h>

#include "codecs/decoder.hpp"
#include "codecs/journal_codec.hpp"

namespace tocsin {
namespace {

/// Lines as houses write them: flat, 20 fields.
std::string flat_lines(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    char line[512];
    const int n = std::snprintf(line, sizeof line,
                                "{\"t\":%lld,\"id\":\"rvd-%06d\",\"host\":\"10.0.%d.%d\",\"port\":7500,\"ver\":\"8.4.5\",\"net\":\"eth0;239.1.1.1\","
                                "\"up\":%d,\"cli\":20,\"maxcli\":64,\"ms\":%d,\"bs\":%lld,\"mr\":%d,\"br\":%lld,\"ps\":%d,\"pr\":%d,\"rx\":12,"
                                "\"rxi\":14,\"pm\":3,\"idl\":1,\"odl\":2}\n",
                                1700000100000ll + i, i, i >> 8 & 255, i & 255, 100000 + i, i * 7919, i * 1425420ll, i * 104729, i * 20945800ll,
                                i * 3000, i * 4000);
    all.append(line, static_cast<std::size_t>(n));
  }
  return all;
}

json_mapping flat_mapping() {
  json_mapping m;
  m.at = "t";
  m.at_unit = "ms";
  m.subject = m.message = "";
  m.fields = {{"hostaddr", "id"}, {"network", "net"}, {"cc", "cli"}, {"client_limit", "maxcli"}, {"pm", "rxi"}, {"service", "port"}};
  return m;
}

void jsonl_flat(benchmark::State& state) {
  const std::string lines = flat_lines(1000);
  auto d = make_jsonl_decoder({}, flat_mapping());
  for (auto _ : state) {
    record_batch out;
    d->feed(lines, unset, out);
    if (out.records.size() != 1000) state.SkipWithError("lines were lost");
    benchmark::DoNotOptimize(out.records.data());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(lines.size()));
}
BENCHMARK(jsonl_flat);

void journal(benchmark::State& state) {
  record_batch batch;
  auto d = make_jsonl_decoder({}, flat_mapping());
  d->feed(flat_lines(1000), unset, batch);
  for (auto _ : state) {
    const std::string blob = encode_records(batch, 0, batch.records.size());
    if (state.range(0)) {
      const auto back = decode_records(blob);
      if (!back) state.SkipWithError(back.error().text.c_str());
      benchmark::DoNotOptimize(back);
    }
    benchmark::DoNotOptimize(blob.data());
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(journal)->Arg(0)->Arg(1)->ArgName("and_back");

} // namespace
} // namespace tocsin
