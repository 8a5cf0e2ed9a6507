// A node among others.
#include "actors/cluster_queries.hpp"
#include "actors/node_parts.hpp"
#include "config/vantages.hpp"

namespace tocsin {

result<void> node::parts::open_cluster(const node& self) {
  const cluster_settings& c = options.config.cluster;
  if (!c.given()) return {};
  std::vector<peer> peers;
  for (const std::string& address : c.peers) peers.push_back({"", address});
  auto opened = gateway_link::open(c.node, {c.listen, c.tls, question_bytes_max, reply_bytes_max}, std::move(peers), anchor,
                                   [&self](std::string_view question) { return answer_question(self, question); });
  if (!opened) return tl::make_unexpected(opened.error());
  cluster = std::move(*opened);
  return {};
}

cluster_link* node::others() const { return parts_->cluster.get(); }
const std::string& node::name() const { return parts_->options.config.cluster.node; }
const std::string& node::address() const {
  const cluster_settings& c = parts_->options.config.cluster;
  return c.advertise.empty() ? c.listen : c.advertise;
}
const source_settings* node::input() const { return shared_input(parts_->options.config); }
bool node::has_cluster_log() const { return !parts_->options.config.cluster.log.empty(); }
timestamp node::started() const { return parts_->started; }

} // namespace tocsin
