// By which names and values an incident is known.
#include "core/labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::labels_test {
namespace {

using testing::ElementsAre;
using testing::Pair;

incident about(std::string subject, std::string group) {
  incident i{};
  i.id = "i1";
  i.level = severity::critical;
  i.because = {cause_kind::heartbeat_lost, std::move(subject), 1};
  i.group = std::move(group);
  return i;
}

TEST(labels, of_a_daemon) {
  EXPECT_THAT(labels_of(about("rvd/10.1.1.1/7500", "segment/7500/;239.1.1.1"), nullptr),
              ElementsAre(Pair("alertname", "heartbeat_lost"),
                          Pair("group", "segment/7500/;239.1.1.1"), Pair("host", "10.1.1.1"),
                          Pair("incident", "i1"), Pair("network", ";239.1.1.1"),
                          Pair("service", "7500"), Pair("severity", "critical"),
                          Pair("subject", "rvd/10.1.1.1/7500")));
}

TEST(labels, of_a_segment_whose_network_holds_slashes_or_is_empty) {
  const label_set with =
      labels_of(about("segment/7500/eth0;239.1.1.1/8", "segment/7500/eth0;239.1.1.1/8"), nullptr);
  EXPECT_EQ(value_of(with, "service"), "7500");
  EXPECT_EQ(value_of(with, "network"), "eth0;239.1.1.1/8");
  EXPECT_EQ(value_of(with, "host"), "");
  const label_set without = labels_of(about("segment/7500/", "segment/7500/"), nullptr);
  EXPECT_EQ(value_of(without, "service"), "7500");
  for (const auto& [name, value] : without) EXPECT_NE(value, "") << name;
}

TEST(labels, of_a_vantage_and_a_host) {
  EXPECT_EQ(value_of(labels_of(about("vantage/fab1", ""), nullptr), "vantage"), "fab1");
  EXPECT_EQ(value_of(labels_of(about("host/10.1.1.1", ""), nullptr), "host"), "10.1.1.1");
}

TEST(labels, the_inventory_adds_its_own_but_replaces_none_of_ours) {
  rule_book book;
  book.inventory.push_back({.host = "10.1.1.1",
                            .service = "7500",
                            .network = {},
                            .labels = {{"zone", "b"},
                                       {"area", "litho"},
                                       {"severity", "info"},
                                       {"vantage", "x"},
                                       {"line", ""}}});
  const label_set l = labels_of(about("rvd/10.1.1.1/7500", "segment/7500/"), &book);
  EXPECT_EQ(value_of(l, "area"), "litho");
  EXPECT_EQ(value_of(l, "zone"), "b");
  EXPECT_EQ(value_of(l, "severity"), "critical");
  EXPECT_EQ(value_of(l, "vantage"), "") << "the name is ours, even where it says nothing";
  EXPECT_EQ(value_of(l, "line"), "");
  EXPECT_TRUE(std::is_sorted(l.begin(), l.end()));
  EXPECT_EQ(value_of(labels_of(about("rvd/10.1.1.2/7500", ""), &book), "area"), "");
}

TEST(labels, of_nonsense_are_few) {
  EXPECT_THAT(labels_of(about("", ""), nullptr),
              ElementsAre(Pair("alertname", "heartbeat_lost"), Pair("incident", "i1"),
                          Pair("severity", "critical")));
  EXPECT_EQ(value_of(labels_of(about("rvd/", "segment/"), nullptr), "host"), "");
}

} // namespace
} // namespace tocsin::labels_test
