// The statements of a scenario that describe the fleet and what happens to it.
#include "core/limits.hpp"
#include "core/scenario_words.hpp"

namespace tocsin {

void parse_fleet(scenario_words& w, scenario& s) {
  fleet_options f;
  f.daemons = static_cast<std::uint32_t>(w.whole("number of daemons", limits::daemons_max));
  if (f.daemons == 0) w.complain("a fleet has no daemons", "write at least 1");
  if (!w.take("daemons")) w.need("daemon");
  while (!w.done()) {
    if (w.take("on")) continue; // "on service 7500" reads better than "service 7500"
    if (w.take("service"))
      f.service = w.text("a service", "7500");
    else if (w.take("network"))
      f.network = w.text("a network", "\";239.1.1.1\"");
    else if (w.take("from"))
      f.first_host = w.text("a host", "10.0.0.1");
    else if (w.take("period"))
      f.period = w.span("period");
    else if (w.take("jitter"))
      f.jitter = w.span("jitter");
    else if (w.take("loss"))
      f.loss = w.percent("loss of heartbeats");
    else if (w.take("clients"))
      f.clients = static_cast<std::uint32_t>(w.whole("number of clients", 1'000'000));
    else if (w.take("version"))
      f.version = w.text("a version", "8.7.0");
    else if (w.take("reliability"))
      f.reliability_s = to_seconds(w.span("reliability interval"));
    else if (w.take("seed"))
      f.seed = w.whole("seed", ~std::uint64_t{0});
    else if (w.take("through")) {
      const std::string name = w.text("the name of a vantage point", "main");
      if (auto v = find_vantage(s.plant, name))
        f.vantage = *v;
      else
        w.complain("there is no vantage point '" + name + "'",
                   "write a line before: vantage " + name);
    } else {
      w.end("write service, network, from, period, jitter, loss, clients, version, reliability, "
            "through or seed");
    }
  }
  if (f.first_host.empty()) f.first_host = default_first_host(s.plant.fleets.size());
  if (w.ok()) s.plant.fleets.push_back(std::move(f));
}

namespace {
struct fault_word {
  std::string_view word;
  fault_kind kind;
};
constexpr fault_word fault_words[] = {
    {"die", fault_kind::die},
    {"revive", fault_kind::revive},
    {"stop", fault_kind::stop},
    {"start", fault_kind::start},
    {"restart", fault_kind::restart},
    {"reboot", fault_kind::reboot},
    {"leak", fault_kind::leak},
    {"storm", fault_kind::storm},
    {"suppress", fault_kind::suppress},
    {"reset", fault_kind::reset_counters},
    {"skew", fault_kind::skew_clock},
    {"upgrade", fault_kind::upgrade},
    {"reliability", fault_kind::set_reliability},
    {"lossy", fault_kind::lose_heartbeats},
    {"join", fault_kind::join},
};

void parse_segment_fault(scenario_words& w, fault& f) {
  f.service = w.text("a service", "7500");
  if (w.peek() != "silent" && w.peek() != "back") f.network = w.text("a network", "\";239.1.1.1\"");
  if (w.take("back"))
    f.kind = fault_kind::restore_segment;
  else
    w.need("silent"), f.kind = fault_kind::silence_segment;
}

void parse_link_fault(scenario_words& w, const scenario& s, fault& f) {
  const std::string name = w.text("the name of a vantage point", "main");
  if (auto v = find_vantage(s.plant, name))
    f.vantage = *v;
  else
    w.complain("there is no vantage point '" + name + "'",
               "use the name of a vantage line, or main when there is none");
  if (w.take("restored"))
    f.kind = fault_kind::restore_link;
  else
    w.need("broken"), f.kind = fault_kind::break_link;
}

/// Words that every fault with targets may have after them.
void parse_options(scenario_words& w, fault& f) {
  while (!w.done()) {
    if (w.take("for"))
      f.lasts = w.span("length");
    else if (w.take("down"))
      f.down = w.span("time without the daemon");
    else if (w.take("every"))
      f.every = w.span("pause");
    else if (w.take("ramp"))
      f.ramp = w.span("ramp");
    else if (w.take("from"))
      f.from = w.targets();
    else if (w.take("peak"))
      f.amount = w.percent("peak");
    else if (w.take("without"))
      w.need("loss"), f.lossless = true;
    else if (w.take("up"))
      w.need("to"), f.up_to = w.whole("number of clients", 1'000'000);
    else if (w.take("on"))
      w.need("service"), f.service = w.text("a service", "7500");
    else if (w.take("network"))
      f.network = w.text("a network", "\";239.1.1.1\"");
    else
      return w.end("write the fault's own words: for, down, every, ramp, from, peak, without loss, "
                   "up to, on "
                   "service or network");
  }
}

/// What stands between the targets and the options.
void parse_amount(scenario_words& w, fault& f) {
  switch (f.kind) {
  case fault_kind::leak:
    f.amount = w.number("number of clients");
    w.need("clients");
    w.need("per");
    w.need("hour");
    return;
  case fault_kind::skew_clock: {
    const bool behind = w.take("behind");
    if (!behind) w.need("ahead");
    f.amount = to_seconds(w.span("skew")) * (behind ? -1 : 1);
    return;
  }
  case fault_kind::upgrade:
    w.need("to");
    f.text = w.text("a version", "8.8.0");
    return;
  case fault_kind::set_reliability:
    f.amount = to_seconds(w.span("reliability interval"));
    return;
  case fault_kind::lose_heartbeats:
    f.amount = w.percent("loss of heartbeats");
    return;
  case fault_kind::join:
    f.service = "7500";
    return;
  default:
    return;
  }
}
} // namespace

void parse_fault(scenario_words& w, scenario& s, std::vector<int>& fault_lines) {
  fault f{fault_kind::die, w.moment("time")};
  if (w.take("segment")) {
    parse_segment_fault(w, f);
    w.end("write: at 30m segment 7500 \";239.1.1.1\" silent");
  } else if (w.take("link")) {
    parse_link_fault(w, s, f);
    w.end("write: at 30m link main broken");
  } else {
    bool found = false;
    for (const fault_word& known : fault_words)
      if (!found && w.take(known.word)) {
        f.kind = known.kind;
        found = true;
      }
    if (!found)
      w.complain("'" + std::string{w.peek().substr(0, 64)} + "' is nothing that can happen",
                 "write die, revive, stop, start, restart, reboot, leak, storm, suppress, reset, "
                 "skew, upgrade, "
                 "reliability, lossy, join, segment or link");
    if (w.take("on") || w.take("of")) {
    } // "storm on 10.0.0.7", "reset of 10.0.0.7"
    f.on = w.targets();
    parse_amount(w, f);
    parse_options(w, f);
  }
  if (f.kind == fault_kind::storm && f.amount <= 0)
    w.complain("the storm has no strength", "write: peak 6%");
  if (!w.ok()) return;
  s.faults.push_back(std::move(f));
  fault_lines.push_back(w.line());
}

} // namespace tocsin
