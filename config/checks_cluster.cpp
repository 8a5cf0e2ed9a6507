// What a node among others needs: a name, a place to be asked at, and certificates unless it is on this machine alone.
#include <algorithm>
#include <array>

#include "config/checks.hpp"
#include "config/forms.hpp"

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
    problems.error(given.of(path), path + ": " + keys::quoted(address) + " is not this machine alone, and there are no certificates",
                   "add cluster.tls: {certificate, key, authority}, or use 127.0.0.1; docs/cluster.md says how to make them");
  };
  look(c.listen, "cluster.listen");
  look(c.advertise, "cluster.advertise");
  for (std::size_t i = 0; i < c.peers.size() && !problems.full(); ++i) look(c.peers[i], indexed("cluster.peers", i));
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
}

} // namespace tocsin
