// What the configuration says about Kafka.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.hpp"

namespace tocsin::kafka_test {
namespace {

using testing::HasSubstr;

std::string first_problem(const std::string& yaml) {
  const loaded l = parse_settings(yaml, "t.yaml");
  return l.problems.empty() ? "" : to_text(l.problems.front());
}
std::string of_source(const std::string& more, const std::string& kafka = "{brokers: 'k:9092'}") {
  return first_problem("kafka: " + kafka + "\nsources:\n  - {name: a, kind: kafka" + more + "}\n");
}

TEST(kafka_settings, a_source_starts_from_the_section) {
  const loaded l = parse_settings("kafka: {brokers: 'k1:9092,k2:9092', properties: {security.protocol: SSL}, password_file: p}\n"
                                  "sources:\n  - {name: a, kind: kafka, topics: [t]}\n"
                                  "  - {name: b, kind: kafka, topics: [t], brokers: 'other:1', properties: {client.id: x}}\n",
                                  "t.yaml");
  ASSERT_TRUE(l.ok()) << to_text(l.problems.front());
  const auto& s = l.value.sources;
  EXPECT_EQ(s[0].connection.brokers, "k1:9092,k2:9092");
  EXPECT_EQ(s[0].connection.properties.at(0).second, "SSL");
  EXPECT_EQ(s[0].connection.password_file, "p");
  EXPECT_EQ(s[1].connection.brokers, "other:1");
  EXPECT_EQ(s[1].connection.properties.at(0).first, "client.id");
  EXPECT_FALSE(s[0].gives_samples());
}

TEST(kafka_settings, what_is_missing_is_named) {
  EXPECT_THAT(of_source(""), HasSubstr("topics"));
  EXPECT_EQ(of_source(", topics: [t]"), "");
  EXPECT_THAT(of_source(", topics: [t]", "{}"), HasSubstr("there are no brokers; add kafka: {brokers: host:9092}"));
  EXPECT_THAT(of_source(", topics: [t], encoding: avro"), HasSubstr("has neither schemas nor registry"));
  EXPECT_EQ(of_source(", topics: [t], encoding: avro, registry: 'http://r:8081'"), "");
  EXPECT_THAT(first_problem("kafka: {incidents: i}"), HasSubstr("names topics to write, but no brokers"));
}

TEST(kafka_settings, what_is_wrong_is_named) {
  EXPECT_THAT(of_source(", topics: ['a b']"), HasSubstr("no name of a Kafka topic"));
  EXPECT_THAT(of_source(", topics: [t], brokers: 'k'"), HasSubstr("not host:port"));
  EXPECT_THAT(of_source(", topics: [t], brokers: 'k:1,'"), HasSubstr("end without a comma"));
  EXPECT_THAT(of_source(", topics: [t], assignor: sticky"), HasSubstr("not one of cooperative-sticky or range"));
  EXPECT_THAT(of_source(", topics: [t], daemon: 'h:1'"), HasSubstr("no meaning for kind kafka"));
  EXPECT_THAT(first_problem("kafka: {partitioner: crc32}"), HasSubstr("not one of murmur2_random or murmur2"));
  EXPECT_THAT(first_problem("sources: [{name: a, kind: rv, topics: [t]}]"), HasSubstr("no meaning for kind rv"));
}

TEST(kafka_settings, secrets_do_not_stand_in_the_file) {
  EXPECT_THAT(first_problem("kafka: {properties: {sasl.password: x}}"), HasSubstr("write it into a file and name it in password_file"));
  EXPECT_THAT(of_source(", topics: [t], properties: {ssl.key.password: x}"), HasSubstr("key_password_file"));
}

TEST(kafka_settings, an_account_of_the_registry_is_whole_and_not_sent_in_clear) {
  const auto of_registry = [](const std::string& url, const std::string& more) { return of_source(", topics: [t], encoding: avro, registry: '" + url + "'" + more); };
  const std::string account = ", registry_user: u, registry_password_file: p";
  EXPECT_EQ(of_registry("https://r", account), "");
  EXPECT_EQ(of_registry("http://127.0.0.1:8081", account), "");
  EXPECT_THAT(of_registry("http://r:8081", account), HasSubstr("warning: sources[0]: the registry's password is sent in clear; use an https:// URL"));
  EXPECT_THAT(of_registry("https://r", ", registry_user: u"), HasSubstr("error: sources[0] has a registry_user but no registry_password_file"));
  EXPECT_THAT(of_registry("https://r", ", registry_password_file: p"), HasSubstr("error: sources[0] has a registry_password_file but no registry_user"));
  EXPECT_THAT(of_registry("https://r", ", registry_user: 'u:p', registry_password_file: p"), HasSubstr("no user with a colon"));
  EXPECT_THAT(of_registry("https://u:p@r", ""), HasSubstr("the URL contains a user or password; remove it; they have keys of their own: registry_user"));
  EXPECT_THAT(of_registry("http://r", ", registry_ca_file: ca.pem"), HasSubstr("no meaning for an http:// URL"));
  EXPECT_THAT(of_source(", topics: [t], encoding: avro, schemas: s, registry_user: u"), HasSubstr("registry_user has no meaning without registry"));
  EXPECT_THAT(first_problem("sources: [{name: a, kind: rv, registry_user: u}]"), HasSubstr("no meaning for kind rv"));
}

TEST(kafka_settings, who_hears_and_judges_the_same_is_warned) {
  EXPECT_THAT(first_problem("kafka: {brokers: 'k:1', inputs: t}\nsources:\n  - {name: a, kind: kafka, topics: [t]}\n  - {name: b, kind: rv}\n"),
              HasSubstr("is judged twice"));
}

TEST(kafka_settings, readings_have_a_topic_of_their_own_that_is_read_as_readings) {
  const auto with = [](const std::string& kafka, const std::string& sources) { return first_problem("kafka: {brokers: 'k:1', " + kafka + "}\nsources:\n" + sources); };
  const std::string sensors = "  - {name: s, kind: samples}\n", reader = "  - {name: a, kind: kafka, format: samples, topics: [r]}\n";
  EXPECT_EQ(with("readings: r", sensors), "");
  EXPECT_EQ(with("readings: r", reader + "  - {name: b, kind: rv}\n"), "");
  EXPECT_THAT(with("readings: r", reader + sensors), HasSubstr("warning: kafka.readings is also read by sources[0]: what other sources hear is judged twice here"));
  EXPECT_THAT(with("readings: r", "  - {name: a, kind: kafka, topics: [r]}\n"), HasSubstr("error: kafka.readings is read by sources[0] as heartbeats; add format: samples"));
  EXPECT_THAT(with("readings: t, inputs: t", sensors), HasSubstr("kafka.readings and kafka.inputs are one topic"));
  EXPECT_THAT(with("readings: 'a b'", sensors), HasSubstr("no name of a Kafka topic"));
  EXPECT_THAT(first_problem("kafka: {readings: r}"), HasSubstr("names topics to write, but no brokers"));
}

} // namespace
} // namespace tocsin::kafka_test
