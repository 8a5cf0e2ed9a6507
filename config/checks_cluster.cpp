// What a node among others needs: a name, a place to be asked at, and certificates unless it is on this machine alone.
#include <algorithm>
#include <array>
#include <set>

#include "config/checks.hpp"
#include "config/forms.hpp"
#include "core/limits.hpp"

namespace tocsin {

namespace {

constexpr std::size_t peers_max = 64; ///< as many as a cluster may have nodes

void check_tls(const cluster_settings& c, const given_keys& given, problem_list& problems) {
  const std::array<std::pair<const char*, const std::string*>, 3> files{
      {{"certificate", &c.tls.certificate}, {"key", &c.tls.key}, {"authority", &c.tls.authority}}};
  if (std::ranges::all_of(files, [](auto& f) { return f.second->empty(); })) return;
  for (const auto& [name, file] : files)
    if (file->empty())
      problems.error(given.of("cluster.tls"), std::string{"cluster.tls has no "} + name, "name all three: certificate, key and authority");
}

/// In the clear only what cannot leave this machine.
void check_clear(const cluster_settings& c, const given_keys& given, problem_list& problems) {
  if (c.tls.given()) return;
  const auto look = [&](const std::string& address, const std::string& path) {
    if (address.empty() || forms::is_surely_loopback(address) || given.is_wrong(path)) return;
    problems.error(given.of(path), path + ": " + keys::quote(address) + " is not this machine alone, and there are no certificates",
                   "add cluster.tls: {certificate, key, authority}, or use 127.0.0.1; docs/cluster.md says how to make them");
  };
  look(c.listen, "cluster.listen");
  look(c.advertise, "cluster.advertise");
  for (std::size_t i = 0; i < c.peers.size() && !problems.full(); ++i) look(c.peers[i], indexed("cluster.peers", i));
}

/// A vantage point must be told from the others, in incidents and in bits.
void check_vantages(const source_settings& input, const std::string& path, const given_keys& given, problem_list& problems) {
  std::set<std::string> names{"input"};
  for (const std::string& name : input.kafka.vantages)
    if (!names.insert(name).second)
      problems.error(given.of(path), path + ": the vantage point " + keys::quote(name) + " is there twice", "name each once; the input itself is called input");
  if (names.size() >= limits::vantages_max)
    problems.error(given.of(path), path + " has " + std::to_string(input.kafka.vantages.size()) + " vantage points, more than " + std::to_string(limits::vantages_max - 2),
                   "let several RV nodes write under one name");
}

/// With a cluster log the input is one topic, and everything that is judged comes from it.
void check_shared_input(const document& d, const given_keys& given, problem_list& problems) {
  const settings& s = d.value;
  const source_settings* input = nullptr;
  for (std::size_t i = 0; i < s.sources.size() && !problems.full(); ++i) {
    const source_settings& one = s.sources[i];
    if (one.kind != "kafka" || one.gives_samples()) continue;
    if (input)
      problems.error(given.of(indexed("sources", i)), indexed("sources", i) + " is a second input; nodes with a cluster.log share one topic", "let all producers write to one topic");
    input = &one;
    if (one.kafka.topics.size() != 1)
      problems.error(given.of(indexed("sources", i)), indexed("sources", i) + " names " + std::to_string(one.kafka.topics.size()) + " topics; nodes with a cluster.log share one", "name one");
    if (one.kafka.partitions == 0)
      problems.error(given.of(indexed("sources", i)), indexed("sources", i) + " does not say how many partitions its topic has", "add partitions: as many as the topic has; it must not change");
    check_vantages(one, indexed("sources", i) + ".vantages", given, problems);
    if (!one.kafka.member.empty() && one.kafka.member != s.cluster.node)
      problems.error(given.of(indexed("sources", i)), indexed("sources", i) + " has another member than cluster.node", "leave member out: it is the node's name");
  }
  if (!input) problems.error(given.of("cluster.log"), "cluster.log is there, but no source of kind kafka that nodes could share", "add a source: {kind: kafka, topics: [tocsin.inputs], partitions: 12}");
  for (std::size_t i = 0; input && i < s.sources.size() && !problems.full(); ++i) {
    const source_settings& one = s.sources[i];
    if (one.kind == "kafka" || one.gives_samples() || (input->kafka.topics.size() == 1 && s.kafka.inputs == input->kafka.topics.front())) continue;
    problems.error(given.of(indexed("sources", i)), indexed("sources", i) + " is heard by this node alone, but judged is what is in the shared topic",
                   "add kafka: {inputs: " + (input->kafka.topics.empty() ? std::string{"TOPIC"} : input->kafka.topics.front()) + "}: then it is written there");
  }
  if (s.data_dir.empty())
    problems.error(given.of("cluster.log"), "cluster.log needs a data_dir: who was told is kept there", "name a folder in data_dir");
  if (s.self.canary.every > 0s)
    problems.error(given.of("self.canary"), "the canary lives in a node by itself; with a cluster.log its heartbeats would be another node's", "take self.canary out");
}

} // namespace

void check_cluster(const document& d, const given_keys& given, problem_list& problems) {
  const cluster_settings& c = d.value.cluster;
  if (!c.given()) {
    const bool meant = !c.listen.empty() || !c.advertise.empty() || !c.peers.empty() || !c.log.empty() || !c.tls.certificate.empty() ||
                       !c.tls.key.empty() || !c.tls.authority.empty();
    if (meant && !given.is_wrong("cluster.node")) problems.error(given.of("cluster"), "cluster has no node", "add node: with a name that no other node has");
    return;
  }
  if (c.listen.empty() && !given.is_wrong("cluster.listen"))
    problems.error(given.of("cluster"), "cluster has no listen: nobody could ask this node", "add listen: host:port, for example 127.0.0.1:7411");
  if (!c.log.empty() && d.value.kafka.connection.brokers.empty())
    problems.error(given.of("cluster.log"), "cluster.log names a topic, but there are no brokers", "add kafka: {brokers: host:9092}");
  if (!c.log.empty() && c.log == c.snapshots)
    problems.error(given.of("cluster.snapshots"), "cluster.snapshots and cluster.log are one topic", "name two: one is compacted, the other is not");
  if (c.peers.size() > peers_max)
    problems.error(given.of("cluster.peers"), "cluster.peers has " + std::to_string(c.peers.size()) + " nodes, " + std::to_string(peers_max) + " are allowed", "name fewer");
  check_tls(c, given, problems);
  check_clear(c, given, problems);
  if (!c.log.empty()) check_shared_input(d, given, problems);
}

} // namespace tocsin
