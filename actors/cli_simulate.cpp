#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <sstream>

#include "actors/cli.hpp"
#include "codecs/plant_jsonl.hpp"
#include "codecs/sample_lines.hpp"
#include "core/line_plant.hpp"
#include "core/scenario.hpp"
#include "io/clock.hpp"

namespace tocsin::cli {

namespace {

constexpr std::size_t records_at_once = 512;

struct simulation {
  plant_options plant;
  std::vector<fault> faults;
  timestamp until;
  std::optional<std::size_t> only; ///< number of a vantage point
};

std::optional<simulation> from_file(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) {
    std::fprintf(stderr, "tocsin: cannot read '%s'\n", path.c_str());
    return std::nullopt;
  }
  auto s = parse_scenario(text.str(), path);
  if (!s) {
    for (const scenario_error& e : s.error()) std::fprintf(stderr, "%s: %s\n", path.c_str(), to_text(e).c_str());
    return std::nullopt;
  }
  return simulation{s->plant, s->faults, s->until};
}

std::optional<simulation> from_options(const simulate_command& c) {
  auto length = parse_duration(c.until);
  if (!length) {
    std::fprintf(stderr, "tocsin: --until: %s\n", length.error().text.c_str());
    return std::nullopt;
  }
  simulation s;
  s.plant.start = scenario_start;
  fleet_options fleet;
  fleet.daemons = c.daemons;
  fleet.seed = c.seed;
  s.plant.fleets.push_back(fleet);
  s.until = scenario_start + *length;
  return s;
}

bool choose_vantage(simulation& s, const std::string& name) {
  if (name.empty()) return true;
  const auto at = std::ranges::find(s.plant.vantages, name, &vantage_options::name);
  if (at == s.plant.vantages.end()) {
    std::fprintf(stderr, "tocsin: --vantage: there is no vantage point '%s' in the scenario\n", name.c_str());
    return false;
  }
  s.only = static_cast<std::size_t>(at - s.plant.vantages.begin());
  return true;
}

sigset_t end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

/// Waits until `when` on the machine's clock; false when asked to end, and the signals for that are blocked.
bool wait_until(timestamp when) {
  const sigset_t signals = end_signals();
  for (duration left = when - machine_clock(); left > duration{0}; left = when - machine_clock()) {
    const timespec wait{static_cast<time_t>(left.count() / 1'000'000'000), static_cast<long>(left.count() % 1'000'000'000)};
    if (sigtimedwait(&signals, nullptr, &wait) > 0) return false;
  }
  return true;
}

/// When each line is printed: at once, at a pace from now on, or by the clock of a drill.
class timing {
public:
  timing(timestamp start, double pace) : start_(start), pace_(pace) {}
  bool waits() const { return pace_ > 0 || drill().given(); }
  /// False: asked to end.
  bool wait(timestamp due) const {
    if (drill().given()) return wait_until(drill().machine(due));
    return wait_until(began_ + from_seconds(to_seconds(due - start_) / pace_));
  }

private:
  timestamp start_, began_ = machine_clock();
  double pace_;
};

int print(plant& p, const simulation& s, duration shift, const timing& when) {
  std::string out;
  for (bool more = true; more;) {
    record_batch batch;
    const timestamp due = when.waits() ? std::min(s.until, p.next_due()) : s.until;
    if (when.waits() && !when.wait(due + shift)) return done;
    more = p.next(due, batch, records_at_once) || due < s.until;
    out.clear();
    for (record& r : batch.records) {
      if (s.only && r.vantage != *s.only) continue;
      r.at += shift;
      if (r.sent_at != unset) r.sent_at += shift;
      append_plant_jsonl(out, r);
    }
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return done; // the reader has gone
    if (when.waits()) std::fflush(stdout);
  }
  std::fflush(stdout);
  return done;
}

int simulate_line(const simulate_command& c, timestamp start, const timing& when) {
  const auto length = parse_duration(c.until), interval = parse_duration(c.interval);
  if (!length || !interval) {
    std::fprintf(stderr, "tocsin: %s: %s\n", length ? "--interval" : "--until", (length ? interval : length).error().text.c_str());
    return usage;
  }
  auto options = line_options_of({c.units, c.channels, *interval, c.faults}, c.seed);
  if (options) options->start = start;
  auto line = options ? line_plant::make(*options) : tl::make_unexpected(options.error());
  if (!line) {
    std::fprintf(stderr, "tocsin: %s\n", line.error().text.c_str());
    return usage;
  }
  std::string out;
  sample_lines writer;
  while (line->next_due() < start + *length) {
    if (when.waits() && !when.wait(line->next_due())) return done;
    record_batch batch;
    line->next(batch, records_at_once);
    out.clear();
    for (const sample& s : batch.samples) writer.append(out, s);
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) return done; // the reader has gone
    if (when.waits()) std::fflush(stdout);
  }
  std::fflush(stdout);
  return done;
}

} // namespace

int simulate(const simulate_command& c) {
  double pace = 0;
  if (c.pace != "none") {
    char* end = nullptr;
    pace = std::strtod(c.pace.c_str(), &end);
    if (end == c.pace.c_str() || *end || !(pace > 0 && pace <= 1e6)) {
      std::fprintf(stderr, "tocsin: --pace is none or a number above 0 and at most 1000000, not '%s'\n", c.pace.c_str());
      return usage;
    }
  }
  const auto start = parse_rfc3339(c.start);
  if (!start) {
    std::fprintf(stderr, "tocsin: --start: %s\n", start.error().text.c_str());
    return usage;
  }
  if (!begin_drill_or_complain(c.clock)) return usage;
  const timing when{*start, pace};
  const sigset_t signals = end_signals();
  if (when.waits()) pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (c.units > 0) return simulate_line(c, *start, when);
  auto s = c.scenario.empty() ? from_options(c) : from_file(c.scenario);
  if (!s || !choose_vantage(*s, c.vantage)) return usage;
  auto p = plant::make(s->plant);
  if (!p) {
    std::fprintf(stderr, "tocsin: %s\n", p.error().text.c_str());
    return usage;
  }
  for (const fault& f : s->faults)
    if (auto injected = p->inject(f); !injected) {
      std::fprintf(stderr, "tocsin: %s\n", injected.error().text.c_str());
      return usage;
    }
  return print(*p, *s, *start - s->plant.start, when);
}

} // namespace tocsin::cli
