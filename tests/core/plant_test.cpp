// The simulated fleet: what it promises to those who build on it.
#include "core/plant.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/scenario.hpp"

namespace tocsin::plant_test {
namespace {

plant_options small_fleet(std::uint64_t seed = 1) {
  plant_options o;
  o.start = scenario_start;
  fleet_options f;
  f.daemons = 10;
  f.network = ";239.1.1.1";
  f.seed = seed;
  o.fleets.push_back(f);
  return o;
}

fault what(fault_kind kind, duration at, std::vector<plant_target> on = {}) {
  fault f{kind, scenario_start + at};
  f.on = std::move(on);
  return f;
}

record_batch run(plant p, duration until, const std::vector<fault>& faults = {}) {
  for (const fault& f : faults) EXPECT_TRUE(p.inject(f)) << "fault " << static_cast<int>(f.kind);
  record_batch out;
  EXPECT_FALSE(p.next(scenario_start + until, out));
  return out;
}

record_batch run(const plant_options& o, duration until, const std::vector<fault>& faults = {}) {
  return run(*plant::make(o), until, faults);
}

/// Everything a record says, to compare whole streams.
std::string tell(const record& r) {
  std::string s =
      to_rfc3339(r.at) + " " + to_rfc3339(r.sent_at) + " " + std::string{to_text(r.kind)} + " ";
  s.append(r.host)
      .append(" ")
      .append(r.service)
      .append(" ")
      .append(r.network)
      .append(" ")
      .append(r.version)
      .append(" ")
      .append(r.peer);
  for (std::size_t i = 0; i < counter_count; ++i) s += " " + std::to_string(r.values[i]);
  return s + " " + std::to_string(r.present) + " " + std::to_string(r.reliability_s) + " " +
         std::to_string(r.vantage);
}

std::vector<std::string> tell(const record_batch& b) {
  std::vector<std::string> all;
  for (const record& r : b.records) all.push_back(tell(r));
  return all;
}

std::vector<record> of(const record_batch& b, std::string_view host,
                       record_kind kind = record_kind::heartbeat) {
  std::vector<record> found;
  for (const record& r : b.records)
    if (r.host == host && r.kind == kind) found.push_back(r);
  return found;
}

const std::vector<fault> some_of_everything() {
  fault restart = what(fault_kind::restart, 20min, {{"10.0.0.2", ""}});
  fault storm = what(fault_kind::storm, 10min, {{"10.0.0.3", ""}, {"10.0.0.4", ""}});
  storm.amount = 0.06;
  fault lossy = what(fault_kind::lose_heartbeats, 5min, {{"10.0.0.5", ""}});
  lossy.amount = 0.5;
  return {restart,
          storm,
          lossy,
          what(fault_kind::stop, 30min, {{"10.0.0.6", ""}}),
          what(fault_kind::break_link, 40min),
          what(fault_kind::restore_link, 45min)};
}

TEST(plant, says_the_same_for_the_same_seed_and_something_else_for_another) {
  const auto first = tell(run(small_fleet(), 1h, some_of_everything()));
  EXPECT_EQ(first, tell(run(small_fleet(), 1h, some_of_everything())));
  EXPECT_NE(first, tell(run(small_fleet(2), 1h, some_of_everything())));
}

TEST(plant, may_be_fetched_in_any_steps) {
  const auto whole = tell(run(small_fleet(), 1h, some_of_everything()));
  plant p = *plant::make(small_fleet());
  for (const fault& f : some_of_everything()) ASSERT_TRUE(p.inject(f));
  record_batch pieces;
  for (timestamp t = scenario_start; t < scenario_start + 1h; t += 777ms) p.next(t, pieces);
  p.next(scenario_start + 1h, pieces);
  EXPECT_EQ(tell(pieces), whole);

  plant q = *plant::make(small_fleet());
  for (const fault& f : some_of_everything()) ASSERT_TRUE(q.inject(f));
  std::vector<std::string> limited;
  for (bool more = true; more;) {
    record_batch few;
    more = q.next(scenario_start + 1h, few, 3);
    EXPECT_LE(few.records.size(), 3u);
    for (const std::string& line : tell(few)) limited.push_back(line);
  }
  EXPECT_EQ(limited, whole);
}

TEST(plant, what_is_said_later_does_not_change_what_was_said_before) {
  const auto longer = tell(run(small_fleet(), 1h)), shorter = tell(run(small_fleet(), 20min));
  ASSERT_LT(shorter.size(), longer.size());
  EXPECT_TRUE(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST(plant, a_fault_of_one_daemon_leaves_the_others_as_they_were) {
  record_batch healthy = run(small_fleet(), 1h),
               sick = run(small_fleet(), 1h, {what(fault_kind::die, 20min, {{"10.0.0.7", ""}})});
  std::vector<std::string> expected, seen;
  for (const record& r : healthy.records)
    if (r.host != "10.0.0.7" || r.at < scenario_start + 20min) expected.push_back(tell(r));
  EXPECT_EQ(tell(sick), expected);
  EXPECT_LT(sick.records.size(), healthy.records.size());
}

TEST(plant, records_come_in_order_of_time_with_whole_milliseconds) {
  const record_batch b = run(small_fleet(), 2h, some_of_everything());
  ASSERT_GT(b.records.size(), 500u);
  for (std::size_t i = 0; i < b.records.size(); ++i) {
    EXPECT_EQ(to_nanoseconds(b.records[i].at) % 1'000'000, 0);
    if (i) {
      EXPECT_LE(b.records[i - 1].at, b.records[i].at);
    }
  }
}

TEST(plant, every_daemon_beats_once_a_period_and_its_counters_only_grow) {
  const record_batch b = run(small_fleet(), 3h);
  for (int k = 1; k <= 10; ++k) {
    const auto beats = of(b, "10.0.0." + std::to_string(k));
    EXPECT_NEAR(static_cast<double>(beats.size()), 120, 1);
    for (std::size_t i = 1; i < beats.size(); ++i) {
      EXPECT_NEAR(to_seconds(beats[i].at - beats[i - 1].at), 90, 0.5);
      for (std::size_t c = 0; c < counter_count; ++c)
        if (static_cast<counter>(c) != counter::clients) {
          EXPECT_LE(beats[i - 1].values[c], beats[i].values[c]);
        }
      EXPECT_NEAR(static_cast<double>(beats[i].get(counter::clients)), 20, 6);
      EXPECT_GT(beats[i].get(counter::packets_sent),
                beats[i - 1].get(counter::packets_sent) + 1000);
    }
    for (counter c :
         {counter::uptime, counter::clients, counter::messages_sent, counter::packets_received,
          counter::missed, counter::lost_inbound, counter::suppressed_outbound})
      EXPECT_TRUE(beats.front().has(c)) << to_text(c);
    EXPECT_FALSE(beats.front().has(counter::client_limit)) << "Rendezvous does not say it";
  }
}

TEST(plant, loses_the_share_of_heartbeats_that_it_is_told) {
  plant_options o = small_fleet();
  o.fleets[0].daemons = 200;
  const double all = static_cast<double>(run(o, 24h).records.size());
  o.fleets[0].loss = 0.01;
  EXPECT_NEAR(static_cast<double>(run(o, 24h).records.size()) / all, 0.99, 0.001);
}

TEST(plant, a_restart_begins_a_new_life) {
  fault f = what(fault_kind::restart, 30min, {{"10.0.0.2", ""}});
  f.down = 25s;
  const auto beats = of(run(small_fleet(), 1h, {f}), "10.0.0.2");
  std::size_t falls = 0;
  for (std::size_t i = 1; i < beats.size(); ++i) {
    if (beats[i].get(counter::uptime) >= beats[i - 1].get(counter::uptime)) continue;
    ++falls;
    EXPECT_EQ(beats[i].get(counter::uptime), 5u);
    EXPECT_NEAR(to_seconds(beats[i].at - scenario_start), 1800 + 25 + 5, 1);
    EXPECT_LT(beats[i].get(counter::packets_sent), beats[i - 1].get(counter::packets_sent));
  }
  EXPECT_EQ(falls, 1u);
}

TEST(plant, a_reboot_takes_every_service_of_the_host) {
  plant_options o = small_fleet();
  o.fleets.push_back(o.fleets[0]);
  o.fleets[0].first_host = o.fleets[1].first_host = "10.0.0.1";
  o.fleets[1].service = "7600";
  fault f = what(fault_kind::reboot, 30min, {{"10.0.0.2", "7500"}});
  f.down = 3min;
  std::map<std::string, int> small_uptimes;
  for (const record& r : run(o, 40min, {f}).records)
    if (r.host == "10.0.0.2") {
      EXPECT_FALSE(r.at > scenario_start + 30min && r.at < scenario_start + 33min) << tell(r);
      small_uptimes[std::string{r.service}] += r.get(counter::uptime) < 600;
    }
  EXPECT_GT(small_uptimes["7500"], 2);
  EXPECT_GT(small_uptimes["7600"], 2);
}

TEST(plant, nothing_is_heard_through_a_broken_link_or_of_a_silent_segment) {
  plant_options o = small_fleet();
  o.vantages = {{"a", ""}, {"b", ""}};
  o.fleets.push_back(o.fleets[0]);
  o.fleets[1].service = "7600";
  o.fleets[1].vantage = 1;
  fault broken = what(fault_kind::break_link, 10min),
        restored = what(fault_kind::restore_link, 20min);
  fault silent = what(fault_kind::silence_segment, 30min),
        back = what(fault_kind::restore_segment, 40min);
  silent.service = back.service = "7600";
  silent.network = back.network = ";239.1.1.1";
  std::vector<std::string> sight;
  for (const record& r : run(o, 1h, {broken, restored, silent, back}).records) {
    const duration t = r.at - scenario_start;
    if (r.kind != record_kind::heartbeat) {
      EXPECT_TRUE(r.host.empty());
      sight.push_back(to_text(t) + " " + std::string{to_text(r.kind)} + " " +
                      std::to_string(r.vantage));
    } else if (r.service == "7500")
      EXPECT_FALSE(t > 10min && t < 20min) << tell(r);
    else
      EXPECT_FALSE(t > 30min && t < 40min) << tell(r);
  }
  EXPECT_EQ(sight, (std::vector<std::string>{"10m sight_lost 0", "20m sight_regained 0"}));
}

TEST(plant, a_leak_reaches_the_limit_and_stays_there) {
  fault f = what(fault_kind::leak, 10min, {{"10.0.0.5", ""}});
  f.amount = 60;
  f.up_to = 100;
  const auto beats = of(run(small_fleet(), 4h, {f}), "10.0.0.5");
  EXPECT_LT(beats.front().get(counter::clients), 30u);
  EXPECT_NEAR(static_cast<double>(beats[47].get(counter::clients)), 20 + 60, 10)
      << "after 70 minutes";
  EXPECT_EQ(beats.back().get(counter::clients), 100u);
}

double ratio(const record& before, const record& after, counter part, counter whole) {
  return static_cast<double>(after.get(part) - before.get(part)) /
         static_cast<double>(after.get(whole) - before.get(whole));
}

TEST(plant, a_storm_grows_until_data_is_lost_and_advisories_name_both_sides) {
  fault f = what(fault_kind::storm, 10min, {{"10.0.0.9", ""}});
  f.from = {{"10.0.0.1", ""}, {"10.0.0.2", ""}};
  f.amount = 0.08;
  f.ramp = 20min;
  f.lasts = 40min;
  const record_batch b = run(small_fleet(), 2h, {f});
  const auto sender = of(b, "10.0.0.1"), receiver = of(b, "10.0.0.9");
  auto repeats = [&](std::size_t i) {
    return ratio(sender[i], sender[i + 1], counter::retransmitted, counter::packets_sent);
  };
  EXPECT_LT(repeats(2), 0.001);
  EXPECT_GT(repeats(15), 0.02);
  EXPECT_NEAR(repeats(28), 0.08, 0.01);
  EXPECT_LT(repeats(40), 0.001);
  EXPECT_NEAR(ratio(receiver[28], receiver[29], counter::missed, counter::packets_received), 0.04,
              0.01);
  const auto inbound = of(b, "10.0.0.9", record_kind::data_loss_inbound);
  ASSERT_GT(inbound.size(), 10u);
  std::uint64_t lost = 0;
  for (const record& r : inbound) {
    EXPECT_GT(r.at, scenario_start + 30min) << "only when the storm is full";
    EXPECT_TRUE(r.peer == "10.0.0.1" || r.peer == "10.0.0.2");
    lost += r.get(counter::lost_count);
  }
  EXPECT_EQ(receiver.back().get(counter::lost_inbound), lost) << "counters and advisories agree";
  EXPECT_FALSE(of(b, "10.0.0.1", record_kind::data_loss_outbound).empty());
}

TEST(plant, a_daemon_shows_loss_advisories_to_its_own_clients_only) {
  plant_options o = small_fleet();
  o.vantages = {{"main", "10.0.0.9"}};
  fault f = what(fault_kind::storm, 10min, {{"10.0.0.8", ""}, {"10.0.0.9", ""}});
  f.amount = 0.08;
  const record_batch b = run(o, 2h, {f});
  EXPECT_FALSE(of(b, "10.0.0.9", record_kind::data_loss_inbound).empty());
  EXPECT_TRUE(of(b, "10.0.0.8", record_kind::data_loss_inbound).empty());
  EXPECT_GT(of(b, "10.0.0.8").back().get(counter::lost_inbound), 0u);
}

TEST(plant, under_suppression_requests_are_counted_and_repetitions_fall) {
  fault storm = what(fault_kind::storm, 10min, {{"10.0.0.9", ""}});
  storm.amount = 0.03;
  storm.ramp = 1min;
  storm.lossless = true;
  fault f = what(fault_kind::suppress, 1h, {{"10.0.0.1", ""}});
  const auto beats = of(run(small_fleet(), 2h, {storm, f}), "10.0.0.1");
  EXPECT_GT(ratio(beats[30], beats[31], counter::retransmitted, counter::packets_sent), 0.02);
  EXPECT_EQ(beats[30].get(counter::suppressed_outbound), 0u);
  EXPECT_LT(ratio(beats[50], beats[51], counter::retransmitted, counter::packets_sent), 0.005);
  EXPECT_GT(beats[51].get(counter::suppressed_outbound),
            beats[50].get(counter::suppressed_outbound));
}

TEST(plant, clocks_versions_intervals_and_counters_can_be_changed) {
  fault skew = what(fault_kind::skew_clock, 10min, {{"10.0.0.1", ""}});
  skew.amount = -7;
  fault upgrade = what(fault_kind::upgrade, 10min, {{"10.0.0.2", ""}, {"10.0.0.3", ""}});
  upgrade.text = "8.8.0";
  upgrade.every = 10min;
  fault rli = what(fault_kind::set_reliability, 10min, {{"10.0.0.4", ""}});
  rli.amount = 30;
  const record_batch b =
      run(small_fleet(), 1h,
          {skew, upgrade, rli, what(fault_kind::reset_counters, 10min, {{"10.0.0.5", ""}})});
  const record skewed = of(b, "10.0.0.1").back();
  EXPECT_NEAR(to_seconds(skewed.at - skewed.sent_at), 7, 0.1);
  EXPECT_EQ(of(b, "10.0.0.2").back().version, "8.8.0");
  for (const record& r : of(b, "10.0.0.3"))
    EXPECT_EQ(r.version, r.at < scenario_start + 20min ? "8.7.0" : "8.8.0");
  EXPECT_EQ(of(b, "10.0.0.4").back().reliability_s, 30);
  const auto reset = of(b, "10.0.0.5");
  EXPECT_LT(reset.back().get(counter::packets_sent), reset.front().get(counter::packets_sent));
  EXPECT_GT(reset.back().get(counter::uptime), reset.front().get(counter::uptime));
}

TEST(plant, stop_and_start_are_announced_and_newcomers_appear) {
  fault join = what(fault_kind::join, 30min, {{"10.0.9.9", ""}});
  join.service = "7500";
  const record_batch b = run(small_fleet(), 1h,
                             {what(fault_kind::stop, 10min, {{"10.0.0.1", ""}}),
                              what(fault_kind::start, 20min, {{"10.0.0.1", ""}}), join});
  ASSERT_EQ(of(b, "10.0.0.1", record_kind::host_stop).size(), 1u);
  ASSERT_EQ(of(b, "10.0.0.1", record_kind::host_start).size(), 1u);
  for (const record& r : of(b, "10.0.0.1"))
    EXPECT_FALSE(r.at > scenario_start + 10min && r.at < scenario_start + 20min);
  const auto fresh = of(b, "10.0.9.9");
  ASSERT_GT(fresh.size(), 15u);
  EXPECT_EQ(fresh.front().get(counter::uptime), 5u);
  EXPECT_EQ(fresh.front().network, ";239.1.1.1");
}

TEST(plant, refuses_what_cannot_be) {
  plant p = *plant::make(small_fleet());
  EXPECT_FALSE(p.inject(what(fault_kind::die, 1min, {{"10.9.9.9", ""}})));
  EXPECT_FALSE(p.inject(what(fault_kind::die, 1min, {{"10.0.0.1", "7600"}})));
  EXPECT_FALSE(p.inject(what(fault_kind::die, 1min)));
  EXPECT_FALSE(p.inject(what(fault_kind::silence_segment, 1min)));
  fault nowhere = what(fault_kind::break_link, 1min);
  nowhere.vantage = 3;
  EXPECT_FALSE(p.inject(nowhere));
  fault endless = what(fault_kind::restart, 1min, {{"10.0.0.1", ""}});
  endless.down = duration::max();
  EXPECT_FALSE(p.inject(endless));
  fault back = what(fault_kind::restart, 1min, {{"10.0.0.1", ""}});
  back.down = -1s;
  EXPECT_FALSE(p.inject(back));
  plant_options o = small_fleet();
  for (const char* bad :
       {"10.0.0", "10.0.0.0", "10.0.0.256", "x", "10.0.0.1.2", "255.255.255.250"}) {
    o.fleets[0].first_host = bad;
    EXPECT_FALSE(plant::make(o)) << bad;
  }
}

TEST(plant, hosts_follow_one_another_past_the_ends_of_nets) {
  EXPECT_EQ(*host_after("10.0.0.1", 0), "10.0.0.1");
  EXPECT_EQ(*host_after("10.0.0.1", 253), "10.0.0.254");
  EXPECT_EQ(*host_after("10.0.0.1", 254), "10.0.1.1");
  EXPECT_EQ(*host_after("10.0.255.254", 1), "10.1.0.1");
}

} // namespace
} // namespace tocsin::plant_test
