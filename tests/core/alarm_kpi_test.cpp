// The figures of EEMUA 191 and ISA-18.2: by example, and against a slow reference.
#include "core/alarm_kpi.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "alarm_fixture.hpp"
#include "core/limits.hpp"

namespace tocsin::alarm_kpi_test {
namespace {

using test::alarms_under_test;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using test::rvd;

/// Minutes after midnight.
timestamp minute(double m) { return timestamp{20'000 * 24h} + from_seconds(60 * m); }

struct counted {
  alarms_under_test alarms;
  alarm_kpi kpi;
  explicit counted(alarm_rules rules = {}) : alarms(rules), kpi(rules) { kpi.observe(minute(0)); }
  void pass_on() {
    for (const alarm_change& c : alarms.out) kpi.apply(c);
    alarms.out.clear();
  }
  void say(double m, const std::string& id, incident_state state, const std::string& subject = rvd,
           cause_kind kind = cause_kind::clients_high, severity level = severity::warning) {
    incident i = alarms_under_test::make(0, id, state, kind, subject, level);
    i.at = minute(m);
    alarms.table.apply(i, alarms.out);
    pass_on();
  }
  void order(double m, command_kind kind, const std::string& target, timestamp until = never) {
    const auto done =
        alarms.table.apply(alarms_under_test::command(kind, target, until), minute(m), alarms.out);
    EXPECT_TRUE(done) << done.error().text;
    pass_on();
  }
  void tell(double m, const std::string& receiver, int times = 1) {
    notification n{};
    n.at = minute(m);
    n.receiver = receiver;
    for (int i = 0; i < times; ++i) kpi.apply(n);
  }
};

const kpi_check& check(const std::vector<kpi_check>& all, const std::string& name) {
  for (const kpi_check& c : all)
    if (c.name == name) return c;
  throw std::out_of_range{name};
}

TEST(alarm_kpi, of_a_quiet_node_meets_every_target) {
  counted c;
  const kpi_report r = c.kpi.make(minute(60));
  EXPECT_EQ(r.from, minute(0));
  EXPECT_EQ(r.observed_hours, 1);
  EXPECT_EQ(r.activations.count, 0u);
  EXPECT_EQ(r.activations.manageable_share, 1);
  for (const auto& list : {r.checks, r.activations.checks})
    for (const kpi_check& k : list) EXPECT_TRUE(k.met()) << k.name;
  EXPECT_EQ(alarm_kpi{{}}.make(minute(5)).observed_hours, 1.0 / 6) << "before anything was seen";
}

TEST(alarm_kpi, rates_and_floods_go_by_receiver_and_ten_minutes) {
  counted c;
  c.tell(1, "ann", 12);  // a flood begins
  c.tell(11, "ann", 5);  // not below 5: it lasts
  c.tell(21, "ann", 4);  // ended
  c.tell(31, "ann", 10); // not above 10
  c.tell(1, "bob", 1);
  const kpi_report r = c.kpi.make(minute(120));
  ASSERT_EQ(r.receivers.size(), 2u);
  const kpi_rates& ann = r.receivers[0];
  EXPECT_EQ(ann.name, "ann");
  EXPECT_EQ(ann.count, 31u);
  EXPECT_EQ(ann.per_hour, 15.5);
  EXPECT_EQ(ann.per_day, 372);
  EXPECT_EQ(ann.peak_10min, 12u);
  EXPECT_EQ(ann.peak_hour, 31u);
  ASSERT_EQ(ann.flood_count, 1u);
  EXPECT_EQ(ann.floods[0].from, minute(0));
  EXPECT_EQ(ann.floods[0].until, minute(20));
  EXPECT_EQ(ann.floods[0].count, 17u);
  EXPECT_EQ(ann.floods[0].peak, 12u);
  EXPECT_THAT(ann.flood_share, DoubleNear(2 / 13., 1e-12)); // the thirteenth period has begun
  EXPECT_THAT(ann.above_10_share, DoubleNear(1 / 13., 1e-12));
  EXPECT_THAT(ann.manageable_share, DoubleNear(9 / 13., 1e-12));
  EXPECT_FALSE(check(ann.checks, "average in 10 minutes").met());
  EXPECT_FALSE(check(ann.checks, "time in flood").met());
  EXPECT_TRUE(check(r.receivers[1].checks, "average in 10 minutes").met());
  EXPECT_EQ(r.activations.count, 0u);
}

TEST(alarm_kpi, names_bad_actors_chatter_and_fleeting_alarms) {
  counted c;
  for (int n = 0; n < 6; ++n) { // every 3 minutes, over after 2, never acknowledged
    c.say(3 * n, "I" + std::to_string(n), incident_state::opened);
    c.say(3 * n + 2, "I" + std::to_string(n), incident_state::closed);
  }
  c.say(60, "J", incident_state::opened, "rvd/10.0.0.2/7500", cause_kind::heartbeat_lost,
        severity::critical);
  c.say(70, "J", incident_state::closed, "rvd/10.0.0.2/7500", cause_kind::heartbeat_lost);
  const kpi_report r = c.kpi.make(minute(120));
  ASSERT_EQ(r.top.size(), 2u);
  EXPECT_EQ(r.top[0].key, "clients_high " + rvd);
  EXPECT_EQ(r.top[0].count, 6u);
  EXPECT_THAT(r.top[0].share, DoubleNear(6 / 7., 1e-12));
  EXPECT_EQ(r.top_share, 1);
  EXPECT_EQ(r.chattering_count, 1u);
  EXPECT_EQ(r.fleeting_count, 1u);
  EXPECT_EQ(r.fleeting[0].count, 6u);
  EXPECT_THAT(r.priorities, ElementsAre(0, 6, 1, 0));
  EXPECT_EQ(r.response.missed, 7u);
  EXPECT_FALSE(check(r.checks, "chattering alarms").met());
  EXPECT_THROW(check(r.checks, "share of the ten most frequent"), std::out_of_range)
      << "too few to judge";
}

TEST(alarm_kpi, measures_the_time_to_acknowledge) {
  counted c;
  for (int n = 0; n < 10; ++n) {
    const std::string id = "I" + std::to_string(n), subject = "rvd/h" + std::to_string(n) + "/7500";
    c.say(20 * n, id, incident_state::opened, subject);
    c.order(20 * n + n + 1, command_kind::acknowledge, id); // after 1 to 10 minutes
    c.order(20 * n + 15, command_kind::acknowledge, id);    // the first counts
    c.say(20 * n + 16, id, incident_state::closed, subject);
  }
  const kpi_report r = c.kpi.make(minute(300));
  EXPECT_EQ(r.response.acknowledged, 10u);
  EXPECT_EQ(r.response.missed, 0u);
  EXPECT_EQ(r.response.median, 5min);
  EXPECT_EQ(r.response.p90, 9min);
  EXPECT_EQ(r.fleeting_count, 0u);
}

TEST(alarm_kpi, lists_what_is_stale_shelved_suppressed_or_out_of_service_and_for_how_long) {
  alarm_rules rules;
  rules.suppressions = {{"blind", "sight_lost *", "clock_skew *"}};
  counted c{rules};
  c.say(0, "I1", incident_state::opened, "rvd/a/1");
  c.say(0, "I2", incident_state::opened, "rvd/b/1");
  c.say(0, "I3", incident_state::opened, "rvd/c/1");
  c.say(0, "I4", incident_state::opened, "rvd/d/1", cause_kind::clock_skew);
  c.order(10, command_kind::shelve, "clients_high rvd/b/1", minute(9999));
  c.order(20, command_kind::out_of_service, "rvd/c/*");
  c.say(30, "B", incident_state::opened, "vantage/x", cause_kind::sight_lost);
  const kpi_report r = c.kpi.make(minute(24 * 60 + 1));
  ASSERT_EQ(r.stale_count, 1u)
      << "hidden ones are not stale, and sight was lost less than a day ago";
  EXPECT_EQ(r.stale[0].key, "clients_high rvd/a/1");
  EXPECT_EQ(r.stale[0].lasts, 24h + 1min);
  ASSERT_EQ(r.shelved_count, 1u);
  EXPECT_EQ(r.shelved[0].why, "shelved by ann: because");
  EXPECT_EQ(r.shelved[0].since, minute(10));
  ASSERT_EQ(r.out_of_service_count, 1u);
  EXPECT_EQ(r.out_of_service[0].lasts, 24h - 19min);
  ASSERT_EQ(r.suppressed_count, 1u);
  EXPECT_EQ(r.suppressed[0].why, "suppressed by blind");
}

TEST(alarm_kpi, counts_hidden_activations_apart_and_changed_causes_as_neither_missed_nor_fleeting) {
  counted c;
  c.order(0, command_kind::out_of_service, "rvd/a/*");
  c.say(1, "I1", incident_state::opened, "rvd/a/1");
  c.say(2, "I2", incident_state::opened, "rvd/b/1");
  c.say(3, "I2", incident_state::updated, "host/b", cause_kind::host_rebooted);
  const kpi_report r = c.kpi.make(minute(10));
  EXPECT_EQ(r.hidden, 1u);
  EXPECT_EQ(r.activations.count, 2u);
  EXPECT_EQ(r.response.missed, 0u);
  EXPECT_EQ(r.fleeting_count, 0u);
}

TEST(alarm_kpi, keeps_a_week_and_says_from_when_single_alarms_are_known) {
  counted c;
  alarm_change on{minute(0),
                  "clients_high x",
                  "I",
                  alarm_state::normal,
                  alarm_state::unacknowledged,
                  "incident opened",
                  severity::warning,
                  true,
                  alarm_event::activated};
  alarm_change off{
      minute(0),         "clients_high x",  "I",   alarm_state::unacknowledged, alarm_state::normal,
      "incident closed", severity::warning, false, alarm_event::ended};
  const std::size_t all = limits::kpi_episodes_max + 10;
  for (std::size_t n = 0; n < all; ++n) {
    on.at = off.at = minute(static_cast<double>(n) / 100);
    c.kpi.apply(on);
    c.kpi.apply(off);
  }
  const double end = static_cast<double>(all) / 100;
  kpi_report r = c.kpi.make(minute(end));
  EXPECT_EQ(r.activations.count, all);
  EXPECT_EQ(r.top[0].count, limits::kpi_episodes_max);
  EXPECT_GT(r.detailed_from, r.from);
  r = c.kpi.make(minute(7 * 1440));
  EXPECT_EQ(r.from, minute(10)) << "the first period is gone";
  EXPECT_EQ(r.activations.count, all - 1000);
  r = c.kpi.make(minute(8 * 1440 + end));
  EXPECT_EQ(r.activations.count, 0u);
  EXPECT_TRUE(r.top.empty());
}

/// Everything again from the plain list of times, period by period.
kpi_rates reference(const std::vector<timestamp>& times, timestamp started, timestamp now) {
  kpi_rates r;
  const auto index = [](timestamp t) {
    return t.time_since_epoch() / 10min;
  }; // all times are after 1970
  const auto last = index(now), first = std::max(index(started), last - 1007);
  const auto in = [&](std::int64_t p) {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(times, [&](timestamp t) { return index(t) == p; }));
  };
  std::vector<std::uint32_t> all;
  for (auto p = first; p <= last; ++p) all.push_back(in(p));
  bool flood = false;
  double flooded = 0, above = 0, calm = 0;
  for (std::size_t p = 0; p < all.size(); ++p) {
    std::uint32_t hour = 0;
    for (std::size_t q = p < 5 ? 0 : p - 5; q <= p; ++q) hour += all[q];
    r.count += all[p];
    r.peak_10min = std::max(r.peak_10min, all[p]);
    r.peak_hour = std::max(r.peak_hour, hour);
    if (!flood && all[p] > 10) ++r.flood_count, flood = true;
    if (flood && all[p] < 5) flood = false;
    flooded += flood;
    above += all[p] > 10;
    calm += all[p] < 2;
  }
  const auto n = static_cast<double>(all.size());
  r.flood_share = flooded / n;
  r.above_10_share = above / n;
  r.manageable_share = calm / n;
  return r;
}

/// Bursts of notifications over nine days.
std::vector<timestamp> random_times() {
  std::vector<timestamp> all;
  double m = *rc::gen::inRange(0, 100);
  const int bursts = *rc::gen::inRange(0, 40);
  for (int b = 0; b < bursts; ++b) {
    m += *rc::gen::element(1, 5, 10, 30, 200, 900);
    const int size = *rc::gen::inRange(1, 15);
    for (int n = 0; n < size; ++n) all.push_back(minute(m += *rc::gen::element(0, 0, 0, 1)));
  }
  return all;
}

RC_GTEST_PROP(alarm_kpi_property, rates_and_floods_agree_with_the_reference, ()) {
  const std::vector<timestamp> times = random_times();
  counted c;
  notification n{};
  n.receiver = "ann";
  n.at = minute(0);
  c.kpi.apply(n);
  for (timestamp t : times) {
    n.at = t;
    c.kpi.apply(n);
  }
  std::vector<timestamp> all = times;
  all.insert(all.begin(), minute(0));
  const timestamp now = all.back() + std::chrono::minutes{*rc::gen::inRange(0, 3000)};
  const kpi_rates have = c.kpi.make(now).receivers.at(0), want = reference(all, minute(0), now);
  RC_ASSERT(have.count == want.count);
  RC_ASSERT(have.peak_10min == want.peak_10min);
  RC_ASSERT(have.peak_hour == want.peak_hour);
  RC_ASSERT(have.flood_count == want.flood_count);
  RC_ASSERT(std::abs(have.flood_share - want.flood_share) < 1e-12);
  RC_ASSERT(std::abs(have.above_10_share - want.above_10_share) < 1e-12);
  RC_ASSERT(std::abs(have.manageable_share - want.manageable_share) < 1e-12);
}

std::string bytes_of(const alarm_kpi& k) {
  writer out;
  k.save(out);
  return out.take();
}

RC_GTEST_PROP(alarm_kpi_property, reads_back_what_it_saved_and_refuses_what_is_cut, ()) {
  counted c;
  for (timestamp t : random_times()) {
    const double m = to_seconds(t - minute(0)) / 60;
    const std::string id = "I" + std::to_string(*rc::gen::inRange(0, 5)),
                      subject = "rvd/" + id + "/1";
    if (*rc::gen::inRange(0, 3) == 0) c.tell(m, id);
    c.say(m, id, *rc::gen::element(incident_state::opened, incident_state::closed), subject);
  }
  const std::string bytes = bytes_of(c.kpi);
  alarm_kpi other{{}};
  reader in{bytes};
  RC_ASSERT(other.load(in).has_value() && in.empty());
  RC_ASSERT(bytes_of(other) == bytes);
  reader cut{std::string_view{bytes}.substr(0, *rc::gen::inRange<std::size_t>(0, bytes.size()))};
  RC_ASSERT(!other.load(cut));
  RC_ASSERT(bytes_of(other) == bytes);
  std::string odd = bytes;
  odd[*rc::gen::inRange<std::size_t>(0, odd.size())] ^=
      static_cast<char>(*rc::gen::inRange(1, 256));
  reader hostile{odd};
  if (other.load(hostile)) (void)other.make(minute(20'000));
}

} // namespace
} // namespace tocsin::alarm_kpi_test
