// The keys of a node among others.
#include "config/document.hpp"
#include "config/forms.hpp"

namespace tocsin {

using keys::section;

section describe(cluster_settings& c) {
  section s;
  s.text("node", c.node, "Name of this node, its own alone; \"\" = there are no others.", forms::simple_name_or_none);
  s.text("listen", c.listen, "Where other nodes ask this one; anything but loopback needs `tls`.", forms::host_port_or_none);
  s.text("advertise", c.advertise, "Where they are told to ask it; \"\" = `listen`.", forms::host_port_or_none);
  section tls;
  tls.text("certificate", c.tls.certificate, "PEM file with this node's certificate, and what is between it and the authority.");
  tls.text("key", c.tls.key, "PEM file with its private key.");
  tls.text("authority", c.tls.authority, "PEM file of who signs the certificates of this cluster's nodes, and nothing else.");
  s.group("tls", std::move(tls), "Mutual TLS: all three files, or none.");
  s.texts("peers", c.peers, "Nodes to ask, host:port; this one may be among them. Not needed with a cluster log.", forms::host_port);
  s.text("log", c.log, "Topic of the cluster log, in `kafka.brokers`; \"\" = none.", forms::topic_or_none);
  s.text("snapshots", c.snapshots, "Topic of the snapshots of partitions.", forms::topic);
  s.span("snapshot_every", c.snapshot_every, 100ms, 24h, "Time between the snapshots of a partition: what a takeover reads again at most.");
  return s;
}

} // namespace tocsin
