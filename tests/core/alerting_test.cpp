// Who is told what about an incident.
#include "core/alerting.hpp"

#include <gtest/gtest.h>

#include "group_fixture.hpp"

namespace tocsin::alerting_test {
namespace {

using test::at;
using test::lines;

struct told_to {
  alerting machine;
  story out;
  std::uint32_t revision = 0;

  explicit told_to(std::vector<receiver_rule> receivers)
      : machine(alerting_rules{std::move(receivers), {}, {}}, nullptr) {}
  void say(incident_state state, severity level, cause_kind kind = cause_kind::clients_high,
           std::string subject = "rvd/10.0.0.1/7500") {
    incident i{};
    i.at = at(++revision);
    i.id = "I1";
    i.revision = revision;
    i.state = state;
    i.level = level;
    i.because = {kind, std::move(subject), 1};
    machine.apply(i, out);
  }
  lines words() {
    lines all;
    for (const notification& n : out.notifications) all.push_back(n.id + " " + n.reason);
    out = {};
    return all;
  }
};

using enum incident_state;
using enum severity;

TEST(alerting, tells_each_receiver_what_it_wants_to_hear) {
  told_to a{{{"mail", warning, true}, {"pager", critical, false}}};
  a.say(opened, warning);
  a.say(updated, warning); // members only
  a.say(updated, critical, cause_kind::clients_critical);
  a.say(closed, critical, cause_kind::clients_critical);
  EXPECT_EQ(a.words(), (lines{"I1.1@mail opened", "I1.3@mail worse", "I1.3@pager opened",
                              "I1.4@mail closed"}));
}

TEST(alerting, tells_a_changed_cause_even_when_it_is_less_severe_to_those_who_know) {
  told_to a{{{"pager", critical, true}}};
  a.say(opened, critical, cause_kind::heartbeat_lost);
  a.say(updated, warning, cause_kind::daemon_restarted);
  a.say(updated, warning, cause_kind::daemon_restarted);
  a.say(updated, critical, cause_kind::heartbeat_lost);
  a.say(closed, critical, cause_kind::heartbeat_lost);
  EXPECT_EQ(a.words(), (lines{"I1.1@pager opened", "I1.2@pager cause_changed", "I1.4@pager worse",
                              "I1.5@pager closed"}));
}

TEST(alerting, who_was_not_told_of_the_beginning_is_not_told_of_the_end) {
  told_to a{{{"pager", critical, true}}};
  a.say(opened, warning);
  a.say(closed, warning);
  EXPECT_EQ(a.words(), lines{});
}

TEST(alerting, says_nothing_twice_when_incidents_are_folded_again) {
  told_to a{{{"mail"}}};
  a.say(opened, warning);
  a.say(updated, critical);
  EXPECT_EQ(a.words().size(), 2u);
  a.revision = 0;
  a.say(opened, warning);
  a.say(updated, critical);
  EXPECT_EQ(a.words(), lines{});
}

TEST(alerting, remembers_over_a_snapshot_and_keeps_its_present_receivers) {
  told_to a{{{"mail"}, {"gone"}}};
  a.say(opened, warning);
  writer w;
  a.machine.save(w);
  told_to b{{{"mail"}, {"new"}}};
  reader r{w.bytes()};
  ASSERT_TRUE(b.machine.load(r));
  b.revision = 1;
  b.say(updated, warning);
  b.say(closed, warning);
  EXPECT_EQ(b.words(), (lines{"I1.2@new opened", "I1.3@mail closed", "I1.3@new closed"}));
  EXPECT_TRUE(b.machine.standing("I1").empty()); // forgotten, for the receiver that is gone as well
}

TEST(alerting, refuses_a_snapshot_that_is_cut_or_of_another_version) {
  told_to a{{{"mail"}}};
  a.say(opened, warning);
  writer w;
  a.machine.save(w);
  reader cut{std::string_view{w.bytes()}.substr(0, w.bytes().size() - 1)};
  EXPECT_EQ(a.machine.load(cut).error().code, errc::truncated);
  reader other{"\x07\x00"};
  EXPECT_EQ(a.machine.load(other).error().code, errc::version);
}

} // namespace
} // namespace tocsin::alerting_test
