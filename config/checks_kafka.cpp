// What Kafka needs: brokers, and secrets that do not stand in the configuration.
#include <algorithm>
#include <array>

#include "config/checks.hpp"

namespace tocsin {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> secrets{{
    {"sasl.password", "password_file"},
    {"ssl.key.password", "key_password_file"},
    {"ssl.keystore.password", "key_password_file"},
    {"ssl.key.pem", "properties: {ssl.key.location: FILE}"},
}};

void check_connection(const kafka_connection& c, const std::string& path, const given_keys& given, problem_list& problems) {
  for (const auto& [name, value] : c.properties) {
    const std::string where = path + ".properties." + name.substr(0, 64);
    const auto secret = std::ranges::find(secrets, std::string_view{name}, [](auto& s) { return s.first; });
    if (secret != secrets.end() && given.has(where))
      problems.error(given.key_of(where), where + ": a secret must not stand in the configuration", "write it into a file and name it in " + std::string{secret->second});
  }
}

} // namespace

void check_kafka(const document& d, const given_keys& given, problem_list& problems) {
  const kafka_output& k = d.value.kafka;
  check_connection(k.connection, "kafka", given, problems);
  if (k.writes() && k.connection.brokers.empty())
    problems.error(given.of("kafka"), "kafka names topics to write, but no brokers", "add brokers: host:9092");
  for (std::size_t i = 0; i < d.value.sources.size() && !problems.full(); ++i) {
    const source_settings& s = d.value.sources[i];
    if (s.kind != "kafka") continue;
    const std::string path = "sources[" + std::to_string(i) + ']';
    if (s.connection.brokers.empty())
      problems.error(given.of(path), path + " is of kind kafka, but there are no brokers", "add kafka: {brokers: host:9092}");
    if (s.kafka.topics.empty())
      problems.error(given.of(path), path + " is of kind kafka, but names no topics", "add topics: [tocsin.inputs]");
    if (!s.kafka.vantages.empty() && (d.value.cluster.log.empty() || s.gives_samples()))
      problems.error(given.of(path + ".vantages"), path + ".vantages: only heartbeats that nodes share (cluster.log) have vantage points of their own within an input",
                     "take it out, or add cluster.log");
    if (s.kafka.encoding == "avro" && s.kafka.schemas.empty() && s.kafka.registry.empty())
      problems.error(given.of(path + ".encoding"), path + " reads avro, but has neither schemas nor registry",
                     "name a folder of <id>.avsc in schemas, or a schema registry's address in registry");
    if (!k.inputs.empty() && d.value.cluster.log.empty() && std::ranges::find(s.kafka.topics, k.inputs) != s.kafka.topics.end() && d.value.sources.size() > 1)
      problems.warning(given.of("kafka.inputs"), "kafka.inputs is also read by " + path + ": what other sources hear is judged twice here",
                       "let one node hear and another judge");
    check_connection(s.connection, path, given, problems);
  }
}

} // namespace tocsin
