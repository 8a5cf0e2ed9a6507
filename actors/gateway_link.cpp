// The side of the gateway that the rest of the node sees.
#include <random>

#include "actors/gateway.hpp"

namespace tocsin {

result<std::unique_ptr<gateway_link>> gateway_link::open(std::string node, peer_link_options wire, std::vector<peer> peers, clock_anchor anchor,
                                                         answering answer) {
  auto made = make_peer_link(std::move(wire));
  if (!made) return tl::make_unexpected(made.error());
  gateway_options o;
  o.node = std::move(node);
  std::random_device random;
  while (o.incarnation == 0) o.incarnation = (std::uint64_t{random()} << 32) | random();
  o.wire = std::move(*made);
  o.metrics = std::make_shared<cluster_metrics>();
  o.anchor = anchor;
  o.peers = std::move(peers);
  std::unique_ptr<gateway_link> link{new gateway_link{std::move(o)}};
  link->options_.answer = [shared = link->shared_, answer = std::move(answer)](std::string_view question) -> result<std::string> {
    const std::shared_lock lock{shared->answering};
    if (shared->stopped) return fail(errc::refused, "the node stops");
    return answer(question);
  };
  link->options_.publish = [shared = link->shared_](std::vector<peer_view> views) {
    const std::lock_guard lock{shared->guard};
    shared->views = std::move(views);
  };
  const auto to_gateway = [shared = link->shared_, wire = link->options_.wire.get()](auto message) { // on the wire's own thread
    caf::actor to;
    {
      const std::lock_guard lock{shared->guard};
      to = shared->actor;
    }
    if (!to) return wire->close(message.connection); // we begin or end: they try again
    caf::anon_send(to, std::move(message));
  };
  auto up = link->options_.wire->start({[to_gateway](std::uint64_t c, std::string&& f) { to_gateway(frame_asked{c, std::make_shared<const std::string>(std::move(f))}); },
                                        [to_gateway](std::uint64_t c, std::string&& f) { to_gateway(frame_answered{c, std::make_shared<const std::string>(std::move(f))}); },
                                        [to_gateway](std::uint64_t c, const std::string& why) { to_gateway(connection_lost{c, why}); }});
  if (!up) return tl::make_unexpected(up.error());
  return link;
}

caf::actor gateway_link::spawn(caf::event_based_actor* parent) {
  gateway_options o = options_;
  {
    const std::lock_guard lock{shared_->guard};
    o.peers = options_.peers;
  }
  const caf::actor made = parent->spawn<gateway>(std::move(o));
  const std::lock_guard lock{shared_->guard};
  return shared_->actor = made;
}

caf::actor gateway_link::current() const {
  const std::lock_guard lock{shared_->guard};
  return shared_->actor;
}

void gateway_link::stop() {
  options_.wire->stop();
  {
    const std::unique_lock lock{shared_->answering};
    shared_->stopped = true;
  }
  const std::lock_guard lock{shared_->guard};
  shared_->actor = nullptr;
}

void gateway_link::set_peers(std::vector<peer> peers) {
  {
    const std::lock_guard lock{shared_->guard};
    options_.peers = peers; // for a gateway that starts anew
  }
  tell(new_peers{std::move(peers)});
}

std::shared_ptr<asked> gateway_link::ask(std::string question, duration deadline) {
  auto into = std::make_shared<asked>();
  if (current()) tell(ask_peers{into, std::move(question), deadline});
  else into->begin({}); // the node stops
  return into;
}

std::vector<peer_view> gateway_link::peers() const {
  const std::lock_guard lock{shared_->guard};
  return shared_->views;
}

} // namespace tocsin
