#include "run.hpp"

#include <algorithm>

#include "core/engine.hpp"
#include "core/scenario.hpp"
#include "node.hpp"
#include "observer.hpp"
#include "truth.hpp"

namespace tocsin::simulation {

namespace {

std::shared_ptr<const rule_book> quick_rules() {
  auto book = std::make_shared<rule_book>();
  auto daemons = std::make_shared<daemon_rules>();
  daemons->heartbeat.mode = heartbeat_rule::mode_t::fixed;
  daemons->heartbeat.period = heartbeat_period;
  daemons->heartbeat.lost_after = lost_after;
  book->global = daemons;
  book->groups.wait = group_wait;
  book->groups.close_after = 10s;
  book->groups.config_drift = false;
  return book;
}

void check_end(world& w, const std::vector<std::unique_ptr<node>>& nodes, const observer& all, const truth& t) {
  std::map<std::uint32_t, std::string> owners;
  for (const auto& n : nodes) {
    if (!n->alive()) {
      w.violated(n->name() + " is not alive at the end");
      continue;
    }
    if (!n->caught_up()) w.violated(n->name() + " has not read the log to its end");
    else if (n->desk() != all.desk()) w.violated(n->name() + " came to something else than the log says");
    for (std::uint32_t p : n->watched()) {
      if (owners.count(p)) w.violated("partition " + std::to_string(p) + " is watched by " + owners[p] + " and " + n->name());
      owners[p] = n->name();
      const auto& known = all.fold().partitions().at(p);
      if (known.owner != n->name()) w.violated("partition " + std::to_string(p) + " is watched by " + n->name() + ", but belongs to '" + known.owner + "'");
    }
  }
  for (std::uint32_t p = 0; p < w.of().partitions; ++p)
    if (!owners.count(p)) w.violated("nobody watches partition " + std::to_string(p));
  std::set<std::string> came;
  for (const delivered& d : w.inbox) came.insert(d.id);
  for (const notification& n : all.told().notifications)
    if (!came.count(n.id) && n.at < scenario_start + w.of().until - 20s) w.violated("notification " + n.id + " was never delivered");
  for (const std::string& id : came)
    if (std::ranges::none_of(all.told().notifications, [&](const notification& n) { return n.id == id; })) w.violated("notification " + id + " came, but the log knows nothing of it");
  t.judge(all.told());
  auto silent = all.silent(), really = t.silent_for_good();
  for (const std::string& s : t.in_change()) silent.erase(s), really.erase(s);
  if (silent != really) {
    std::string text;
    for (const auto& s : silent) text += " " + s;
    text += "; really";
    for (const auto& s : really) text += " " + s;
    w.violated("silent at the end:" + text);
  }
}

} // namespace

outcome run(const options& o) {
  world w(o);
  truth t(w);
  judgement by{quick_rules(), {}, {"input"}};
  by.receivers.receivers.front().flood.start = 0;
  std::vector<std::unique_ptr<node>> nodes;
  for (std::uint32_t i = 0; i < o.nodes; ++i) nodes.push_back(std::make_unique<node>(w, i, by));
  observer all(by);
  outcome out;
  for (const fault& f : w.faults())
    w.note(std::string{"fault "} + to_text(f.what) + " of n" + std::to_string(f.node) + " from " + std::to_string(to_seconds(f.from - scenario_start)) + " to " +
           std::to_string(to_seconds(f.to - scenario_start)));
  const timestamp end = scenario_start + o.until;
  while (w.violations.empty()) {
    timestamp next = t.next_beat();
    node* who = nullptr;
    for (auto& n : nodes)
      if (n->next_look() < next) {
        next = n->next_look();
        who = n.get();
      }
    if (next >= end) break;
    w.advance(next);
    w.look_at_faults();
    w.rebalance();
    if (who) who->look();
    else t.beat();
    ++out.looks;
    all.read(w);
  }
  // Nothing new from here on: everybody reads what is there.
  w.advance(end + 1s);
  for (auto& n : nodes)
    if (n->alive()) n->read_to_end();
  all.read(w);
  if (w.violations.empty()) check_end(w, nodes, all, t);
  out.violations = w.violations;
  out.entries = w.log().size();
  out.notifications = w.inbox.size();
  std::set<std::string> ids;
  for (const delivered& d : w.inbox) out.repeated += !ids.insert(d.id).second;
  out.incidents = static_cast<std::uint64_t>(std::ranges::count(all.told().incidents, incident_state::opened, &incident::state));
  out.takeovers = all.takeovers;
  return out;
}

} // namespace tocsin::simulation
