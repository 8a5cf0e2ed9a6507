// With fixed thresholds the daemon machine says exactly what a plain reference says.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "daemon_fixture.hpp"
#include "daemon_steps.hpp"

namespace tocsin::daemon_reference_test {
namespace {

using test::at;
using test::step;
using test::steps;

/// The rules of the benchmark's workload H, as plainly as they can be written.
struct reference {
  std::set<std::string> active;
  std::vector<std::string> said;
  const record* last = nullptr;

  void put(timestamp t, const char* rule, bool on) {
    if (on == active.contains(rule)) return;
    if (on) {
      active.insert(rule);
    } else {
      active.erase(rule);
    }
    said.push_back(std::to_string(to_nanoseconds(t)) + rule + (on ? " R" : " C"));
  }
  void beat(const record& r) {
    if (last) {
      if (r.at - last->at > 30s) {
        put(last->at + 30s, "NOHB", true);
        put(r.at, "NOHB", false);
      }
      const bool anew = r.get(counter::uptime) < last->get(counter::uptime);
      auto d = [&](counter c) { return r.get(c) - (anew ? 0 : last->get(c)); };
      put(r.at, "DATALOSS", d(counter::lost_inbound) + d(counter::lost_outbound) > 0);
      if (auto n = d(counter::packets_sent))
        put(r.at, "RETR_OUT", d(counter::retransmitted) * 100 >= n);
      if (auto n = d(counter::packets_received))
        put(r.at, "RETR_IN", d(counter::missed) * 100 >= n);
    }
    const auto clients = r.get(counter::clients), limit = r.get(counter::client_limit);
    if (clients * 100 >= limit * 80)
      put(r.at, "CLIENTS", true);
    else if (clients * 100 < limit * 75)
      put(r.at, "CLIENTS", false);
    last = &r;
  }
};

/// Five of our kinds under the names of the benchmark; data loss is the union of both directions.
std::vector<std::string> as_reference(const effects& all) {
  std::vector<std::string> out;
  bool in = false, outbound = false, loss = false;
  auto add = [&](timestamp t, const char* rule, bool on) {
    out.push_back(std::to_string(to_nanoseconds(t)) + rule + (on ? " R" : " C"));
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto* s = std::get_if<symptom>(&all[i].what);
    if (s && s->state != symptom_state::changed) {
      const bool on = s->state == symptom_state::raised;
      switch (s->kind) {
      case symptom_kind::heartbeat_lost:
        add(s->at, "NOHB", on);
        break;
      case symptom_kind::clients_high:
        add(s->at, "CLIENTS", on);
        break;
      case symptom_kind::retransmission_outbound:
        add(s->at, "RETR_OUT", on);
        break;
      case symptom_kind::retransmission_inbound:
        add(s->at, "RETR_IN", on);
        break;
      case symptom_kind::data_loss_inbound:
        in = on;
        break;
      case symptom_kind::data_loss_outbound:
        outbound = on;
        break;
      default:
        break;
      }
    }
    const bool moment_over = i + 1 == all.size() || all[i + 1].at != all[i].at;
    if (moment_over && loss != (in || outbound)) add(all[i].at, "DATALOSS", loss = in || outbound);
  }
  return out;
}

RC_GTEST_PROP(daemon_property, fixed_thresholds_say_what_the_plain_reference_says, ()) {
  auto r = std::make_shared<daemon_rules>();
  r->heartbeat.mode = heartbeat_rule::mode_t::fixed;
  r->heartbeat.period = 10s;
  r->heartbeat.lost_after = 30s;
  r->data_loss.quiet = 0s;
  r->clients = {.warning_percent = 80, .critical_percent = 0, .clear_below_percent = 75};
  r->forecast.enabled = false;
  r->retransmission_outbound = r->retransmission_inbound = {.warning_percent = 1,
                                                            .critical_percent = 5,
                                                            .clear_below_percent = 1,
                                                            .packets_min = 1,
                                                            .intervals = 1};
  const auto all = *steps();
  std::vector<record> records;
  record now;
  double t = 0, start = -300;
  for (const step& s : all) {
    const double pauses[] = {10, 10,     10, 10,     10.1, 9.9, 9.7, 10,
                             20, 29.999, 30, 30.001, 40,   80,  10,  10};
    t += pauses[s.pause % 16];
    if (s.what == 0 &&
        now.get(counter::uptime) > 3) { // the reference knows a restart by the uptime alone
      now = {};
      start = t - 3;
    }
    auto grow = [&](counter c, std::uint64_t by) { now.set(c, now.get(c) + by); };
    now.set(counter::uptime, static_cast<std::uint64_t>(t - start));
    now.set(counter::clients, s.amount % 65);
    now.set(counter::client_limit, 64);
    grow(counter::packets_sent, s.amount);
    grow(counter::packets_received, s.amount / 2);
    grow(counter::retransmitted, s.amount / (50 + s.what * 4));
    grow(counter::missed, s.amount / (100 + s.what * 8));
    grow(counter::lost_inbound, s.flavour % 8 == 0);
    grow(counter::lost_outbound, s.flavour % 8 == 1);
    now.at = at(t);
    records.push_back(now);
  }
  daemon d{"10.1.2.3", "7500", "", r, at(0)};
  reference plain;
  effects out;
  for (const record& x : records) {
    d.advance(x.at, out);
    d.apply(x, nullptr, out);
    plain.beat(x);
  }
  auto want = plain.said, got = as_reference(out);
  std::sort(want.begin(), want.end());
  std::sort(got.begin(), got.end());
  RC_ASSERT(got == want);
}

} // namespace
} // namespace tocsin::daemon_reference_test
