// What a heartbeat costs the daemon machine when nothing is wrong, and how much memory an idle
// daemon takes.
#include <malloc.h>

#include <benchmark/benchmark.h>

#include "core/daemon.hpp"

namespace {

using namespace std::chrono_literals;
using tocsin::counter;

std::shared_ptr<const tocsin::daemon_rules> rules(bool fixed) {
  auto r = std::make_shared<tocsin::daemon_rules>();
  r->clients.limit = 200;
  if (fixed) {
    r->heartbeat.mode = tocsin::heartbeat_rule::mode_t::fixed;
    r->heartbeat.period = 10s;
    r->heartbeat.lost_after = 30s;
    r->data_loss.quiet = 0s;
    r->forecast.enabled = false;
    r->retransmission_outbound.intervals = r->retransmission_inbound.intervals = 1;
  }
  return r;
}

/// A calm daemon's heartbeats: every counter present and growing, clients coming and going.
struct beats {
  tocsin::record r;
  explicit beats(std::size_t number) {
    r.at =
        tocsin::from_milliseconds(1'700'000'000'000 + static_cast<std::int64_t>(number % 90'000));
    r.service = "7500";
    r.version = "8.7.0";
    r.network = "";
    r.reliability_s = 60;
    r.timed_by = tocsin::time_source::arrival;
    for (std::size_t i = 0; i < tocsin::counter_count - 1; ++i)
      r.set(static_cast<counter>(i), 1'000 + number);
    r.present &= ~(1u << static_cast<unsigned>(counter::client_limit));
  }
  void next(std::size_t round, std::chrono::seconds period) {
    r.at += period;
    r.sent_at = r.at - 3ms;
    r.values[static_cast<std::size_t>(counter::uptime)] +=
        static_cast<std::uint64_t>(period.count());
    r.values[static_cast<std::size_t>(counter::clients)] = 40 + round % 3;
    for (auto c : {counter::messages_sent, counter::bytes_sent, counter::messages_received,
                   counter::bytes_received, counter::packets_sent, counter::packets_received})
      r.values[static_cast<std::size_t>(c)] += 5000;
    r.values[static_cast<std::size_t>(counter::retransmitted)] += 2;
    r.values[static_cast<std::size_t>(counter::missed)] += 1;
  }
};

/// The input is made ahead, a batch at a time, outside the measured time.
void heartbeat(benchmark::State& state, bool fixed) {
  constexpr std::size_t batch = 1024;
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto period = fixed ? 10s : 90s;
  std::vector<tocsin::daemon> machines;
  std::vector<beats> sources;
  machines.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    sources.emplace_back(i);
    machines.emplace_back("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256), "7500",
                          "", rules(fixed), sources[i].r.at);
  }
  std::vector<tocsin::record> input(batch);
  std::vector<std::size_t> whose(batch);
  tocsin::effects out;
  std::size_t round = 0, turn = 0;
  auto make = [&] {
    for (std::size_t k = 0; k < batch; ++k) {
      sources[turn].next(round, period);
      input[k] = sources[turn].r;
      whose[k] = turn;
      if (++turn == count) {
        turn = 0;
        ++round;
      }
    }
  };
  auto judge = [&] {
    for (std::size_t k = 0; k < batch; ++k) {
      machines[whose[k]].advance(input[k].at, out);
      machines[whose[k]].apply(input[k], nullptr, out);
    }
  };
  while (round < 200) {
    make();
    judge();
  }
  out.clear();
  while (state.KeepRunningBatch(batch)) {
    state.PauseTiming();
    make();
    state.ResumeTiming();
    judge();
  }
  state.SetItemsProcessed(state.iterations());
  if (!out.empty()) state.SkipWithError("something was said: this is not the common path");
}
BENCHMARK_CAPTURE(heartbeat, fixed, true)->Arg(1)->Arg(10'000);
BENCHMARK_CAPTURE(heartbeat, learned, false)->Arg(1)->Arg(10'000);

void memory(benchmark::State& state, bool fixed) {
  constexpr std::size_t count = 10'000;
  for (auto _ : state) {
    const std::size_t before = mallinfo2().uordblks;
    {
      std::vector<std::unique_ptr<tocsin::daemon>> machines;
      machines.reserve(count);
      const std::size_t table = mallinfo2().uordblks - before;
      const auto r = rules(fixed);
      tocsin::effects out;
      for (std::size_t i = 0; i < count; ++i) {
        beats b{i};
        machines.push_back(std::make_unique<tocsin::daemon>("10.123." + std::to_string(i / 256) +
                                                                "." + std::to_string(i % 256),
                                                            "7500", "", r, b.r.at));
        for (std::size_t round = 0; round < 50; ++round) {
          b.next(round, fixed ? 10s : 90s);
          machines.back()->apply(b.r, nullptr, out);
        }
        out = {};
      }
      state.counters["bytes_per_daemon"] =
          static_cast<double>(mallinfo2().uordblks - before - table) / static_cast<double>(count);
      state.counters["sizeof"] = sizeof(tocsin::daemon);
    }
  }
}
BENCHMARK_CAPTURE(memory, fixed, true)->Iterations(1);
BENCHMARK_CAPTURE(memory, learned, false)->Iterations(1);

} // namespace
