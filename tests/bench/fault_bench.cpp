// Runs the catalogue of injected faults at default settings and prints one line of tab-separated figures per stream and cell.
//   tocsin_fault_bench [--quick] [--seed N]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "core/fault_trial.hpp"

namespace {

using namespace tocsin;

/// Of this program's CPU: the machine may be busy with other work.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct amount {
  std::uint32_t trials = 40;            ///< of ten events each, every one with a baseline of its own
  std::uint64_t quiet_rows = 9'000'000; ///< per stream
  std::uint64_t seed = 900'000;         ///< tuning used those below 100 000
};

trial_score all_trials(const fault_stream& s, const fault_cell& c, const amount& a) {
  trial_score sum;
  for (std::uint32_t i = 0; i < a.trials; ++i) sum.add(run_trial(s, c, {.seed = a.seed + i}));
  return sum;
}

void print_cell(const fault_stream& s, const fault_cell& c, trial_score t) {
  const auto allowed = allowance(c, s);
  std::uint32_t median = 0;
  if (!t.delays.empty()) {
    const auto middle = t.delays.begin() + static_cast<std::ptrdiff_t>(t.delays.size() / 2);
    std::nth_element(t.delays.begin(), middle, t.delays.end());
    median = *middle;
  }
  const double alarms = static_cast<double>(t.alarms.size());
  std::printf("cell\t%s\t%s\t%d\t%u\t%u\t%u\t%.4f\t%u\t%.4f\t%u\n", s.name.data(), to_text(c).c_str(), claimed(c, s) ? 1 : 0, t.events, t.found, allowed,
              share_at_least(t.found, t.events), median, alarms > 0 ? 1 - t.false_alarms() / alarms : 1.0, t.repeats);
  std::fflush(stdout);
}

void print_quiet(const fault_stream& s, const trial_score& t, double seconds) {
  std::array<int, sample_detectors> by{};
  for (const trial_alarm& a : t.alarms) ++by[static_cast<std::size_t>(a.detector)];
  std::printf("quiet\t%s\t%d\t%llu\t%u\t%.1f", s.name.data(), s.claims ? 1 : 0, static_cast<unsigned long long>(t.quiet_rows), t.false_alarms(),
              seconds * 1e9 / static_cast<double>(t.quiet_rows));
  for (std::size_t d = 1; d < sample_detectors; ++d)
    if (by[d] != 0) std::printf("\t%s %d", to_text(static_cast<sample_detector>(d)).data(), by[d]);
  std::printf("\n");
  std::fflush(stdout);
}

trial_score quiet_of(const fault_stream& s, const amount& a) {
  trial_score sum;
  const std::uint64_t each = 200'000, runs = std::max<std::uint64_t>(1, a.quiet_rows / each);
  const double begin = cpu_seconds();
  for (std::uint64_t i = 0; i < runs; ++i) sum.add(run_quiet(s, each, {.seed = a.seed + 50'000 + i}));
  print_quiet(s, sum, cpu_seconds() - begin);
  return sum;
}

/// The monitor alone, without the simulation: ns per sample.
void print_cost() {
  splitmix64 random(1);
  std::vector<double> x(1'000'000);
  for (double& v : x) v = normal(random);
  sample_monitor m;
  double sum = 0;
  const double begin = cpu_seconds();
  for (const double v : x) sum += static_cast<double>(m.next(v).score);
  const double seconds = cpu_seconds() - begin;
  std::printf("cost\t%.1f\t%zu\t%g\n", seconds * 1e9 / static_cast<double>(x.size()), sizeof(sample_monitor), sum > 0 ? 1.0 : 0.0);
}

} // namespace

int main(int argc, char** argv) {
  amount a;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--quick") a.trials = 4, a.quiet_rows = 400'000;
    else if (word == "--seed" && i + 1 < argc) a.seed = std::strtoull(argv[++i], nullptr, 10);
    else if (word == "--stream" && i + 1 < argc) only = argv[++i];
    else return std::fprintf(stderr, "usage: tocsin_fault_bench [--quick] [--seed N] [--stream NAME]\n"), 2;
  }
  trial_score faults, quiet;
  print_cost();
  for (const fault_stream& s : fault_streams()) {
    a.seed += 1'000'000; // no stream sees the noise of another
    if (!only.empty() && s.name != only) continue;
    const trial_score without = quiet_of(s, a);
    if (s.claims) quiet.add(without);
    const bool grouped = s.name == "white" || s.name == "ar 0.7";
    for (const auto cells : {fault_cells(), grouped ? group_cells() : std::span<const fault_cell>{}})
      for (const fault_cell& c : cells) {
        trial_score t = all_trials(s, c, a);
        if (claimed(c, s)) faults.add(t);
        print_cell(s, c, std::move(t));
      }
  }
  std::array<int, sample_detectors> by{}, wrong{};
  for (const trial_alarm& x : faults.alarms) by[static_cast<std::size_t>(x.detector)] += x.is_true ? 1 : 0;
  for (const trial_alarm& x : quiet.alarms) ++wrong[static_cast<std::size_t>(x.detector)];
  for (std::size_t d = 1; d < sample_detectors; ++d)
    std::printf("detector\t%s\t%d\t%d\n", to_text(static_cast<sample_detector>(d)).data(), by[d], wrong[d]);
  std::printf("calibration\t%.4f\n", calibration_error(faults, quiet, sample_options{}.fault_rate));
}
