// The section `cluster`: what it takes, and how it says what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/forms.hpp"
#include "config/settings.hpp"

namespace tocsin::cluster_test {
namespace {

using ::testing::HasSubstr;

std::string first_problem(const std::string& yaml) {
  const loaded l = parse_settings(yaml, "t.yaml");
  return l.problems.empty() ? "" : to_text(l.problems.front());
}
std::string of_cluster(const std::string& keys) { return first_problem("cluster: {" + keys + "}\n"); }

TEST(cluster_settings, without_the_section_there_are_no_others) {
  EXPECT_FALSE(parse_settings("shards: 1\n", "t.yaml").value.cluster.given());
  EXPECT_EQ(of_cluster(""), "");
}

TEST(cluster_settings, all_of_it_is_taken) {
  const loaded l = parse_settings("kafka: {brokers: 'k:9092'}\n"
                                  "cluster:\n  node: a\n  listen: 10.0.0.1:7411\n  advertise: a.fab:7411\n"
                                  "  tls: {certificate: c.pem, key: k.key, authority: ca.pem}\n"
                                  "  peers: ['10.0.0.2:7411', '[fe80::1]:7411']\n"
                                  "  log: tocsin.cluster\n  snapshots: s\n  snapshot_every: 5s\n"
                                  "sources: [{name: inputs, kind: kafka, topics: [t], partitions: 6}]\n",
                                  "t.yaml");
  ASSERT_TRUE(l.problems.empty()) << to_text(l.problems.front());
  const cluster_settings& c = l.value.cluster;
  EXPECT_EQ(c.node, "a");
  EXPECT_EQ(c.advertise, "a.fab:7411");
  EXPECT_TRUE(c.tls.given());
  EXPECT_EQ(c.peers.size(), 2u);
  EXPECT_EQ(c.snapshot_every, 5s);
}

TEST(cluster_settings, in_the_clear_a_node_is_for_its_own_machine_alone) {
  EXPECT_EQ(of_cluster("node: a, listen: '127.0.0.1:1', peers: ['localhost:2', '[::1]:3', '127.9.9.9:4']"), "");
  for (const char* address : {"10.0.0.1:7411", "0.0.0.0:7411", "[::]:7411", "fab:7411", "127.evil.net:7411", "localhost.evil.net:7411"}) {
    const std::string text = address;
    EXPECT_THAT(of_cluster("node: a, listen: '" + text + "'"), HasSubstr("cluster.listen: '" + text + "' is not this machine alone, and there are no certificates; add cluster.tls"));
    EXPECT_THAT(of_cluster("node: a, listen: '127.0.0.1:1', peers: ['" + text + "']"), HasSubstr("cluster.peers[0]: '" + text + "'"));
    EXPECT_THAT(of_cluster("node: a, listen: '127.0.0.1:1', advertise: '" + text + "'"), HasSubstr("cluster.advertise: '" + text + "'"));
  }
}

TEST(cluster_settings, all_three_files_or_none) {
  EXPECT_THAT(of_cluster("node: a, listen: '127.0.0.1:1', tls: {certificate: c, key: k}"), HasSubstr("t.yaml:1:48: error: cluster.tls has no authority; name all three"));
  EXPECT_THAT(of_cluster("node: a, listen: '10.0.0.1:1', tls: {authority: c}"), HasSubstr("is not this machine alone"));
}

TEST(cluster_settings, what_is_missing_or_wrong_is_named) {
  EXPECT_THAT(of_cluster("listen: '127.0.0.1:1'"), HasSubstr("cluster has no node; add node:"));
  EXPECT_THAT(of_cluster("node: 'a b', listen: '127.0.0.1:1'"), HasSubstr("cluster.node: 'a b'"));
  EXPECT_THAT(of_cluster("node: a"), HasSubstr("cluster has no listen"));
  EXPECT_THAT(of_cluster("node: a, listen: '127.0.0.1'"), HasSubstr("cluster.listen: '127.0.0.1' is not host:port"));
  EXPECT_THAT(of_cluster("node: a, listen: '127.0.0.1:1', peers: [b]"), HasSubstr("'b' is not host:port"));
  EXPECT_THAT(of_cluster("node: a, listen: '127.0.0.1:1', log: l"), HasSubstr("cluster.log names a topic, but there are no brokers; add kafka: {brokers: host:9092}"));
  EXPECT_THAT(of_cluster("node: a, listen: '127.0.0.1:1', log: 'l/m'"), HasSubstr("no name of a Kafka topic"));
  EXPECT_THAT(first_problem("kafka: {brokers: 'k:1'}\ncluster: {node: a, listen: '127.0.0.1:1', log: l, snapshots: l}\n"
                            "sources: [{name: i, kind: kafka, topics: [t], partitions: 6}]\n"), HasSubstr("are one topic"));
}

TEST(cluster_settings, nodes_that_share_their_input_share_one_topic_and_hear_nothing_else) {
  const auto shared = [](const std::string& sources, const std::string& more = "") {
    return first_problem("kafka: {brokers: 'k:1'" + more + "}\ncluster: {node: a, listen: '127.0.0.1:1', log: l}\nsources: [" + sources + "]\n");
  };
  const std::string input = "{name: i, kind: kafka, topics: [t], partitions: 6}";
  EXPECT_EQ(shared(input), "");
  EXPECT_EQ(shared(input + ", {name: i2, kind: kafka, topics: [r], format: samples}"), "");
  EXPECT_THAT(shared("{name: p, kind: plant}"), HasSubstr("no source of kind kafka that nodes could share; add a source"));
  EXPECT_THAT(shared(input + ", {name: i2, kind: kafka, topics: [u], partitions: 6}"), HasSubstr("is a second input"));
  EXPECT_THAT(shared("{name: i, kind: kafka, topics: [t, u], partitions: 6}"), HasSubstr("names 2 topics"));
  EXPECT_THAT(shared("{name: i, kind: kafka, topics: [t]}"), HasSubstr("does not say how many partitions its topic has; add partitions"));
  EXPECT_THAT(shared("{name: i, kind: kafka, topics: [t], partitions: 6, member: b}"), HasSubstr("another member than cluster.node"));
  EXPECT_THAT(shared(input + ", {name: p, kind: plant}"), HasSubstr("add kafka: {inputs: t}: then it is written there"));
  EXPECT_EQ(shared(input + ", {name: p, kind: plant}", ", inputs: t").find("error"), std::string::npos);
  const auto apart = [&](const std::string& names) { return shared("{name: i, kind: kafka, topics: [t], partitions: 6, vantages: [" + names + "]}"); };
  EXPECT_EQ(apart("fab1, fab2"), "");
  EXPECT_THAT(apart("fab1, fab2, fab1"), HasSubstr("sources[0].vantages: the vantage point 'fab1' is there twice; name each once"));
  EXPECT_THAT(apart("input"), HasSubstr("'input' is there twice"));
  EXPECT_THAT(apart("'a b'"), HasSubstr("sources[0].vantages"));
  std::string many = "v0";
  for (int i = 1; i < 63; ++i) many += ", v" + std::to_string(i);
  EXPECT_THAT(apart(many), HasSubstr("has 63 vantage points, more than 62; let several RV nodes write under one name"));
  EXPECT_THAT(first_problem("kafka: {brokers: 'k:1'}\nsources: [{name: i, kind: kafka, topics: [t], vantages: [fab1]}]\n"),
              HasSubstr("only heartbeats that nodes share (cluster.log) have vantage points of their own within an input; take it out"));
  EXPECT_THAT(first_problem("data_dir: ''\nkafka: {brokers: 'k:1'}\ncluster: {node: a, listen: '127.0.0.1:1', log: l}\nsources: [" + input + "]\n"), HasSubstr("needs a data_dir"));
}

} // namespace
} // namespace tocsin::cluster_test
