// Holds what real nodes said against a scenario file, by the same checker as the simulator and the machines alone.
//   tocsin-test-story --describe FILE                     what whoever plays it must know, as JSON
//   tocsin-test-story --judge FILE BROKERS TOPIC SPEED    reads the cluster's log, of a drill at that speed; exit code 1: not as expected
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "codecs/json_views.hpp"
#include "core/scenario.hpp"
#include "core/scenario_check.hpp"
#include "io/cluster_log.hpp"
#include "simulation/log_story.hpp"

namespace {

using namespace tocsin;
using nlohmann::json;

std::optional<scenario> read_scenario(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  auto s = file ? parse_scenario(text.str(), path) : scenario_result<scenario>{tl::make_unexpected(std::vector<scenario_error>{{0, "cannot be read", "name a file"}})};
  if (s) return std::move(*s);
  for (const scenario_error& e : s.error()) std::fprintf(stderr, "%s: %s\n", path.c_str(), to_text(e).c_str());
  return std::nullopt;
}

double after_start(timestamp t) { return to_seconds(t - scenario_start); }

/// Its rules and inventory as a node's configuration.
json configuration(const scenario& s) {
  json out = json::object(), daemons = json::array();
  for (const scenario_setting& c : s.settings) {
    const auto dot = c.key.find('.');
    const std::string section = c.key.substr(0, dot), name = c.key.substr(dot + 1);
    json value = json::parse(c.value, nullptr, false); // a number, true or false
    if (value.is_discarded()) value = c.value;
    if (section == "groups" || section == "inventory") out[section][name] = value;
    else if (section == "alerting") out["receiver"][name] = value;
    else out["rules"][section][name] = value;
  }
  for (const expected_daemon& d : s.inventory)
    daemons.push_back({{"host", d.host}, {"service", d.service}, {"network", d.network}, {"client_limit", d.client_limit}});
  if (!daemons.empty()) out["inventory"]["daemons"] = daemons;
  return out;
}

int describe(const scenario& s) {
  timestamp first = s.until;
  duration narrowest = s.until - scenario_start;
  std::vector<double> busy{0, after_start(s.until)}; // when something happens, or may be said
  for (const fault& f : s.faults) {
    first = std::min(first, f.at);
    const auto targets = static_cast<std::int64_t>(f.on.size()); // an upgrade takes one after the other
    for (const duration d : {duration{0}, f.lasts, f.every * targets}) busy.push_back(after_start(f.at + d));
  }
  for (const expectation& e : s.expectations) {
    if (e.from == unset || e.to == never || e.none) continue;
    narrowest = std::min(narrowest, e.to - e.from);
    busy.insert(busy.end(), {after_start(e.from), after_start(e.to)});
  }
  std::ranges::sort(busy);
  std::vector<std::string> vantages;
  for (const vantage_options& v : s.plant.vantages) vantages.push_back(v.name);
  const json out{{"vantages", vantages}, {"until", after_start(s.until)}, {"first", after_start(first)},
                 {"narrowest", to_seconds(narrowest)}, {"busy", busy}, {"configuration", configuration(s)}};
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

/// The whole log, as far as it is now.
std::optional<std::vector<cluster_log_entry>> read_log(const std::string& brokers, const std::string& topic) {
  kafka_output settings;
  settings.connection.brokers = brokers;
  auto log = open_cluster_log(settings, topic);
  if (!log) {
    std::fprintf(stderr, "tocsin-test-story: %s\n", log.error().text.c_str());
    return std::nullopt;
  }
  std::mutex guard;
  std::condition_variable changed;
  std::vector<cluster_log_entry> all;
  bool ended = false;
  cluster_log_callbacks callbacks;
  callbacks.read = [&](std::vector<cluster_log_entry>&& some, bool at_end) {
    const std::lock_guard lock{guard};
    for (cluster_log_entry& e : some) all.push_back(std::move(e));
    ended |= at_end;
    changed.notify_all();
  };
  callbacks.gone = [](std::int64_t first) {
    std::fprintf(stderr, "tocsin-test-story: the log begins at offset %lld\n", static_cast<long long>(first));
    std::exit(2);
  };
  callbacks.trouble = [](const std::string& text) { std::fprintf(stderr, "tocsin-test-story: %s\n", text.c_str()); };
  (*log)->start(-1, std::move(callbacks));
  std::unique_lock lock{guard};
  const bool whole = changed.wait_for(lock, std::chrono::seconds{30}, [&] { return ended; });
  lock.unlock();
  (*log)->stop();
  if (!whole) std::fprintf(stderr, "tocsin-test-story: the end of the log was not reached\n");
  return whole ? std::optional{std::move(all)} : std::nullopt;
}

template <class Line>
void keep_until(std::vector<Line>& all, timestamp until) {
  std::erase_if(all, [&](const Line& one) { return one.at > until; });
}

json incidents_of(const story& told) {
  std::map<std::string, json> newest;
  for (const incident& i : told.incidents) {
    std::string text;
    append_json(text, i);
    newest[i.id] = json::parse(text);
  }
  json out = json::array();
  for (auto& [id, one] : newest) out.push_back(std::move(one));
  return out;
}

int judge(const scenario& s, const std::string& brokers, const std::string& topic, std::int64_t speed) {
  const auto log = read_log(brokers, topic);
  if (!log) return 2;
  auto rules = std::make_shared<const rule_book>(s.rules);
  const cluster_fold empty{ahead_of_marks_max * speed};
  // Nodes call the input "input", which is in the ids of incidents about it; a scenario has a name of its own for it.
  simulation::log_story written({rules, s.receivers, simulation::vantages_of(s, s.plant.vantages.front().name)}, empty),
      as_nodes({rules, s.receivers, simulation::vantages_of(s)}, empty);
  for (const cluster_log_entry& e : *log) {
    auto entry = decode_entry(e.bytes);
    if (!entry) {
      std::fprintf(stderr, "tocsin-test-story: offset %lld: %s\n", static_cast<long long>(e.offset), entry.error().text.c_str());
      return 2;
    }
    written.take(e.offset, *entry);
    as_nodes.take(e.offset, std::move(*entry));
  }
  json out{{"entries", log->size()}, {"time", after_start(written.fold().now())}, {"unmet", json::array()}, {"notifications", json::array()}};
  for (const notification& n : as_nodes.told.notifications)
    out["notifications"].push_back({{"id", n.id}, {"reason", n.reason}, {"at", after_start(n.at)}, {"in_time", n.at <= s.until}});
  for (story* one : {&written.told, &as_nodes.told}) { // heartbeats may go on, but nothing is expected any more
    keep_until(one->incidents, s.until);
    keep_until(one->notifications, s.until);
    keep_until(one->symptoms, s.until);
  }
  if (written.fold().now() == unset || written.fold().now() <= s.until) out["unmet"].push_back("the log ends before the scenario does");
  for (std::string& missing : check(s, written.told)) out["unmet"].push_back(std::move(missing));
  out["incidents"] = incidents_of(as_nodes.told);
  out["outline"] = outline(written.told);
  std::printf("%s\n", out.dump().c_str());
  return out["unmet"].empty() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  const bool describes = argc == 3 && std::strcmp(argv[1], "--describe") == 0, judges = argc == 6 && std::strcmp(argv[1], "--judge") == 0;
  if (!describes && !judges) {
    std::fprintf(stderr, "usage: tocsin-test-story --describe FILE | --judge FILE BROKERS TOPIC SPEED\n");
    return 2;
  }
  const auto s = read_scenario(argv[2]);
  if (!s) return 2;
  return describes ? describe(*s) : judge(*s, argv[3], argv[4], std::max<std::int64_t>(1, std::atoll(argv[5])));
}
