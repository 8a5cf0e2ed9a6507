// What Kafka needs: brokers, and secrets that do not stand in the configuration.
#include <algorithm>
#include <array>

#include "config/checks.hpp"
#include "config/forms.hpp"

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

/// An account is whole, has somebody to be shown to, and is not sent in clear.
void check_registry(const kafka_input& k, const std::string& path, const given_keys& given, problem_list& problems) {
  const std::string user = path + ".registry_user", password = path + ".registry_password_file", ca = path + ".registry_ca_file";
  if (given.is_wrong(path + ".registry")) return; // said already
  if (k.registry.empty()) {
    for (const auto& [key, value] : {std::pair{&user, &k.registry_user}, {&password, &k.registry_password_file}, {&ca, &k.registry_ca_file}})
      if (!value->empty()) problems.error(given.key_of(*key), *key + " has no meaning without registry", "add registry: https://host, or remove it");
    return;
  }
  if (!k.registry_user.empty() && k.registry_password_file.empty())
    problems.error(given.of(user), path + " has a registry_user but no registry_password_file",
                   "write the password into a file and name it in registry_password_file");
  if (k.registry_user.empty() && !k.registry_password_file.empty())
    problems.error(given.of(password), path + " has a registry_password_file but no registry_user", "add registry_user, or remove it");
  if (k.registry_user.find(':') != std::string::npos)
    problems.error(given.of(user), user + ": HTTP basic authentication knows no user with a colon", "write the user alone; the password stands in registry_password_file");
  if (!forms::is_http(k.registry)) return;
  if (!k.registry_user.empty() && !forms::is_loopback(k.registry))
    problems.warning(given.of(path + ".registry"), path + ": the registry's password is sent in clear", "use an https:// URL");
  if (!k.registry_ca_file.empty()) problems.warning(given.key_of(ca), ca + " has no meaning for an http:// URL", "use an https:// URL, or remove it");
}

/// Who hears and judges the same, or reads one thing as the other.
void check_bridge(const document& d, const source_settings& s, const std::string& path, const given_keys& given, problem_list& problems) {
  const kafka_output& k = d.value.kafka;
  const auto reads = [&](const std::string& topic) { return !topic.empty() && std::ranges::find(s.kafka.topics, topic) != s.kafka.topics.end(); };
  if (reads(k.inputs) && d.value.cluster.log.empty() && d.value.sources.size() > 1)
    problems.warning(given.of("kafka.inputs"), "kafka.inputs is also read by " + path + ": what other sources hear is judged twice here",
                     "let one node hear and another judge");
  if (!reads(k.readings)) return;
  if (!s.gives_samples())
    problems.error(given.of("kafka.readings"), "kafka.readings is read by " + path + " as heartbeats", "add format: samples to " + path);
  else if (std::ranges::any_of(d.value.sources, [](const source_settings& o) { return o.kind != "kafka" && o.gives_samples(); }))
    problems.warning(given.of("kafka.readings"), "kafka.readings is also read by " + path + ": what other sources hear is judged twice here",
                     "let one node hear and another judge");
}

} // namespace

void check_kafka(const document& d, const given_keys& given, problem_list& problems) {
  const kafka_output& k = d.value.kafka;
  check_connection(k.connection, "kafka", given, problems);
  if (k.writes() && k.connection.brokers.empty())
    problems.error(given.of("kafka"), "kafka names topics to write, but no brokers", "add brokers: host:9092");
  if (!k.readings.empty() && k.readings == k.inputs)
    problems.error(given.of("kafka.readings"), "kafka.readings and kafka.inputs are one topic", "name two: a source reads either readings or heartbeats");
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
    if (s.kafka.encoding == "avro" && s.kafka.schemas.empty() && s.kafka.registry.empty() && !given.is_wrong(path + ".registry"))
      problems.error(given.of(path + ".encoding"), path + " reads avro, but has neither schemas nor registry",
                     "name a folder of <id>.avsc in schemas, or a schema registry's address in registry");
    check_bridge(d, s, path, given, problems);
    check_connection(s.connection, path, given, problems);
    check_registry(s.kafka, path, given, problems);
  }
}

} // namespace tocsin
