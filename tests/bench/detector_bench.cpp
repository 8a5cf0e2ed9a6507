// Cost of judging one row of one channel, and its state.
#include <benchmark/benchmark.h>

#include <cmath>

#include "core/detectors/channel_monitor.hpp"

namespace tocsin {
namespace {

void judge_rows(benchmark::State& state, const channel_options& options) {
  channel_monitor monitor{std::make_shared<const channel_options>(options)};
  std::int64_t i = 0;
  double sum = 0;
  for (auto _ : state) {
    const double t = static_cast<double>(i);
    sum += monitor.next(from_nanoseconds(i++ * 1'000'000), std::sin(t * t)).score;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
  state.counters["state_bytes"] = sizeof(channel_monitor);
}

void defaults(benchmark::State& state) { judge_rows(state, {}); }
void every_detector(benchmark::State& state) {
  channel_options all;
  all.weights.fill(1);
  judge_rows(state, all);
}

BENCHMARK(defaults);
BENCHMARK(every_detector);

} // namespace
} // namespace tocsin
