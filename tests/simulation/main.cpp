// tocsin_simulation: seeds × faults over a whole cluster in one process and in virtual time.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fstream>
#include <sstream>

#include "run.hpp"
#include "scenario.hpp"

namespace {

int usage() {
  std::puts("usage: tocsin_simulation [--seed N | --seeds FIRST COUNT] [--nodes N] [--no-faults] [--trace]\n"
            "       tocsin_simulation --scenario FILE [--seed N] [--no-faults] [--trace]\n"
            "Runs a cluster of nodes with its brokers in one process: everything random comes from the seed.");
  return 2;
}

bool number(const char* text, std::uint64_t& value) {
  if (!text) return false;
  const auto [end, ec] = std::from_chars(text, text + std::strlen(text), value);
  return ec == std::errc{} && *end == 0;
}

} // namespace

namespace {

int play_file(const std::string& path, const tocsin::simulation::options& o) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    std::printf("cannot read %s\n", path.c_str());
    return 2;
  }
  const auto s = tocsin::parse_scenario(text.str(), path);
  if (!s) {
    for (const auto& e : s.error()) std::printf("%s: %s\n", path.c_str(), to_text(e).c_str());
    return 2;
  }
  const auto missing = tocsin::simulation::play(*s, o);
  for (const std::string& m : missing) std::printf("%s\n", m.c_str());
  std::printf("%s: %s\n", path.c_str(), missing.empty() ? "as expected" : "NOT as expected");
  return missing.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  using namespace tocsin::simulation;
  options o;
  std::uint64_t first = 1, count = 1, nodes = o.nodes;
  std::string scenario_path;
  for (int i = 1; i < argc; ++i) {
    const std::string_view a = argv[i];
    if (a == "--seed" && number(argv[i + 1], first)) ++i;
    else if (a == "--seeds" && i + 2 < argc && number(argv[i + 1], first) && number(argv[i + 2], count)) i += 2;
    else if (a == "--nodes" && number(argv[i + 1], nodes) && nodes > 0 && nodes < 64) ++i;
    else if (a == "--scenario" && i + 1 < argc) scenario_path = argv[++i];
    else if (a == "--no-faults") o.faults = false;
    else if (a == "--trace") o.trace = true;
    else return usage();
  }
  o.nodes = static_cast<std::uint32_t>(nodes);
  o.seed = first;
  if (!scenario_path.empty()) return play_file(scenario_path, o);
  std::uint64_t failed = 0, entries = 0, notifications = 0, repeated = 0, incidents = 0, takeovers = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    o.seed = seed;
    const outcome r = run(o);
    entries += r.entries;
    notifications += r.notifications;
    repeated += r.repeated;
    incidents += r.incidents;
    takeovers += r.takeovers;
    if (r.violations.empty()) continue;
    ++failed;
    std::printf("seed %llu failed; repeat it with: %s --seed %llu --nodes %u --trace\n", static_cast<unsigned long long>(seed), argv[0],
                static_cast<unsigned long long>(seed), o.nodes);
    for (const std::string& v : r.violations) std::printf("  %s\n", v.c_str());
  }
  std::printf("{\"seeds\":%llu,\"failed\":%llu,\"entries\":%llu,\"incidents\":%llu,\"notifications\":%llu,\"delivered_again\":%llu,\"changes_of_owner\":%llu}\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(failed), static_cast<unsigned long long>(entries),
              static_cast<unsigned long long>(incidents), static_cast<unsigned long long>(notifications), static_cast<unsigned long long>(repeated),
              static_cast<unsigned long long>(takeovers));
  return failed ? 1 : 0;
}
