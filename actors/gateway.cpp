#include "actors/gateway.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "io/log.hpp"

namespace tocsin {

namespace {

/// One of the threads on which questions of others are answered.
class answerer final : public caf::event_based_actor {
public:
  answerer(caf::actor_config& cfg, gateway_options options) : event_based_actor(cfg), options_(std::move(options)) {}
  const char* name() const override { return "answerer"; }
  caf::behavior make_behavior() override {
    return {[this](const answer_please& a) {
      const result<std::string> said = answer_of(a.question->bytes);
      envelope e{envelope_kind::answer, options_.node, options_.incarnation, 0, a.question->id, 0, {}};
      if (said && said->size() + 1024 <= reply_bytes_max) {
        e.bytes = *said;
      } else {
        e.kind = envelope_kind::refusal;
        e.bytes = said ? "its answer is larger than " + std::to_string(reply_bytes_max >> 20) + " MiB; ask for less" : said.error().text;
      }
      --options_.metrics->waiting;
      ++options_.metrics->answered;
      options_.wire->send(a.connection, encode(e));
    }};
  }

private:
  result<std::string> answer_of(const std::string& question) const {
    try {
      return options_.answer(question);
    } catch (const std::exception& e) { // a bug there must not leave the asker without an answer
      log::error("question_failed", {{"reason", e.what()}});
      return fail(errc::io, std::string{"answering failed: "} + e.what());
    }
  }
  gateway_options options_;
};

} // namespace

gateway::gateway(caf::actor_config& cfg, gateway_options options) : event_based_actor(cfg), options_(std::move(options)) {}

caf::behavior gateway::make_behavior() {
  for (std::size_t i = 0; i < answerers; ++i) answerers_.push_back(spawn<answerer, caf::detached + caf::linked>(options_));
  take_peers(options_.peers);
  send(this, sign_due{});
  return {
      [this](const new_peers& n) { take_peers(n.peers); },
      [this](const ask_peers& a) { ask_all(a); },
      [this](const frame_asked& f) { answer_to(f); },
      [this](const frame_answered& f) { hear(f); },
      [this](const connection_lost& l) { lose(l); },
      [this](const asking_over& o) { end_asking(o); },
      [this](const sign_due&) { beat(); },
  };
}

void gateway::take_peers(const std::vector<peer>& peers) {
  std::vector<entry> kept;
  for (const peer& p : peers) {
    const auto at = std::ranges::find_if(peers_, [&](const entry& e) { return e.seen.who.address == p.address && e.expected == p.node; });
    if (at != peers_.end()) {
      kept.push_back(*at);
      peers_.erase(at);
      continue;
    }
    entry e;
    e.seen.who = p;
    e.seen.since = time_now(this, options_.anchor);
    e.expected = p.node;
    e.is_us = p.node == options_.node;
    kept.push_back(std::move(e));
  }
  for (entry& gone : peers_) drop_connection(gone);
  peers_ = std::move(kept);
  publish();
}

/// A connection is made when there is something to say.
std::uint64_t gateway::say(entry& e, std::string bytes, duration deadline) {
  if (e.connection == 0) e.connection = options_.wire->open(e.seen.who.address);
  const auto ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(deadline).count(), 1, question_deadline_ms_max));
  const envelope out{envelope_kind::question, options_.node, options_.incarnation, 0, ++next_id_, ms, std::move(bytes)};
  options_.wire->send(e.connection, encode(out));
  return next_id_;
}

void gateway::ask_all(const ask_peers& a) {
  std::vector<peer_answer> slots;
  std::vector<entry*> to;
  for (entry& e : peers_) {
    if (e.is_us) continue;
    slots.push_back({e.seen.who, e.seen.incarnation, fail(errc::timeout, "no answer within " + to_text(a.deadline))});
    to.push_back(&e);
  }
  a.into->begin(std::move(slots));
  const std::uint64_t asking = ++askings_;
  for (std::size_t i = 0; i < to.size(); ++i) {
    entry& e = *to[i];
    if (e.seen.state == peer_state::silent) {
      a.into->fill(i, e.seen.who, e.seen.incarnation, fail(errc::unreachable, e.seen.reason));
    } else if (pending_.size() >= questions_in_flight_max || a.question.size() + 1024 > question_bytes_max) {
      a.into->fill(i, e.seen.who, e.seen.incarnation, fail(errc::too_large, "too much is asked at once; ask again later"));
    } else {
      const std::uint64_t id = say(e, a.question, a.deadline);
      pending_.emplace(id, pending{asking, e.connection, a.into, i, clock().now()});
      ++options_.metrics->questions;
    }
  }
  options_.metrics->in_flight = pending_.size();
  delayed_send(this, a.deadline, asking_over{asking, a.deadline});
}

void gateway::end_asking(const asking_over& o) {
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (at->second.asking != o.asking) {
      ++at;
      continue;
    }
    ++options_.metrics->timeouts;
    if (entry* e = by_connection(at->second.connection)) {
      const std::string why = "no answer within " + to_text(o.deadline);
      become_state(*e, peer_state::silent, why); // before who waits asks again
      at->second.into->fill(at->second.slot, e->seen.who, e->seen.incarnation, fail(errc::timeout, why));
    }
    at = pending_.erase(at);
  }
  options_.metrics->in_flight = pending_.size();
}

void gateway::answer_to(const frame_asked& f) {
  auto question = decode_envelope(*f.bytes);
  if (!question) return options_.wire->refuse(f.connection, question.error().text);
  if (question->kind != envelope_kind::question) return options_.wire->refuse(f.connection, "it answers where it may only ask");
  envelope out{envelope_kind::answer, options_.node, options_.incarnation, 0, question->id, 0, {}};
  if (question->node == options_.node && question->incarnation != options_.incarnation) {
    ++options_.metrics->names_twice;
    log::error("node_name_twice", {{"node", options_.node}, {"remedy", "give each node a cluster.node of its own, then restart one of them"}});
    out.kind = envelope_kind::refusal;
    out.bytes = "this node is called " + options_.node + ", too; give each node a name of its own";
    return options_.wire->send(f.connection, encode(out));
  }
  if (question->bytes.empty()) return options_.wire->send(f.connection, encode(out)); // a sign of life
  ++options_.metrics->waiting;
  caf::anon_send(answerers_[f.connection % answerers_.size()],
                 answer_please{f.connection, std::make_shared<const envelope>(std::move(*question))});
}

gateway::entry* gateway::by_connection(std::uint64_t connection) {
  const auto at = std::ranges::find(peers_, connection, &entry::connection);
  return connection == 0 || at == peers_.end() ? nullptr : &*at;
}

void gateway::hear(const frame_answered& f) {
  entry* e = by_connection(f.connection);
  if (!e) return;
  const auto said = decode_envelope(*f.bytes);
  if (!said || said->kind == envelope_kind::question) {
    const std::string why = said ? "it asks where it may only answer" : said.error().text;
    drop_connection(*e);
    e->open_after = clock().now() + sign_every;
    return become_state(*e, peer_state::silent, why);
  }
  if (!is_known(*e, *said)) return;
  const bool restarted = e->seen.incarnation != 0 && e->seen.incarnation != said->incarnation;
  if (restarted) log::info("node_restarted", {{"node", said->node}, {"address", e->seen.who.address}});
  const bool news = restarted || e->seen.who.node != said->node || e->seen.incarnation == 0;
  e->seen.who.node = said->node;
  e->seen.incarnation = said->incarnation;
  if (restarted) e->seen.since = time_now(this, options_.anchor);
  if (e->sign == said->id) e->sign = 0;
  settle(said->id, *said, *e);
  if (e->seen.state != peer_state::reachable) become_state(*e, peer_state::reachable, "");
  else if (news) publish();
}

/// False: it is ourselves, or one that we know by another address, or not who it should be.
bool gateway::is_known(entry& e, const envelope& said) {
  const auto set_aside = [&] {
    e.is_us = true;
    const std::uint64_t connection = e.connection;
    for (auto at = pending_.begin(); at != pending_.end();) {
      if (at->second.connection != connection) {
        ++at;
        continue;
      }
      at->second.into->drop(at->second.slot);
      at = pending_.erase(at);
    }
    options_.metrics->in_flight = pending_.size();
    drop_connection(e);
    publish();
    return false;
  };
  const auto wrong = [&](const std::string& why) {
    drop_connection(e);
    e.open_after = clock().now() + sign_every;
    become_state(e, peer_state::silent, why);
    return false;
  };
  if (said.incarnation == options_.incarnation && said.node == options_.node) return set_aside();
  if (said.node == options_.node) return wrong("it is called " + said.node + ", as this node is; give each node a name of its own");
  if (!e.expected.empty() && said.node != e.expected) return wrong("it is called " + said.node + ", and should be " + e.expected);
  for (const entry& other : peers_) {
    if (&other == &e || other.is_us || other.seen.who.node != said.node || other.seen.state != peer_state::reachable) continue;
    if (other.seen.incarnation == said.incarnation) return set_aside();
    return wrong("it is called " + said.node + ", as the node at " + other.seen.who.address + " is; give each node a name of its own");
  }
  return true;
}

void gateway::settle(std::uint64_t id, const envelope& said, const entry& e) {
  const auto at = pending_.find(id);
  if (at == pending_.end() || at->second.connection != e.connection) return;
  const pending& p = at->second;
  if (said.kind == envelope_kind::refusal) p.into->fill(p.slot, e.seen.who, said.incarnation, fail(errc::refused, said.bytes));
  else p.into->fill(p.slot, e.seen.who, said.incarnation, said.bytes);
  cluster_metrics& m = *options_.metrics;
  ++(said.kind == envelope_kind::refusal ? m.refusals : m.answers);
  const auto took = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(clock().now() - p.sent).count());
  ++m.round_trip_log2_us[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(took)), m.round_trip_log2_us.size() - 1)];
  m.round_trip_sum_us += took;
  pending_.erase(at);
  m.in_flight = pending_.size();
}

void gateway::lose(const connection_lost& l) {
  entry* e = by_connection(l.connection);
  if (!e) return;
  fail_pending(l.connection, errc::unreachable, l.why);
  e->connection = 0;
  e->sign = 0;
  e->open_after = clock().now() + sign_every;
  become_state(*e, peer_state::silent, l.why);
}

void gateway::fail_pending(std::uint64_t connection, errc code, const std::string& why) {
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (at->second.connection != connection) {
      ++at;
      continue;
    }
    const auto e = std::ranges::find(peers_, connection, &entry::connection);
    const pending& p = at->second;
    if (e != peers_.end()) p.into->fill(p.slot, e->seen.who, e->seen.incarnation, tl::make_unexpected(error{code, why}));
    at = pending_.erase(at);
  }
  options_.metrics->in_flight = pending_.size();
}

void gateway::drop_connection(entry& e) {
  if (e.connection == 0) return;
  fail_pending(e.connection, errc::unreachable, "the connection was given up");
  options_.wire->close(e.connection);
  e.connection = 0;
  e.sign = 0;
}

void gateway::become_state(entry& e, peer_state s, const std::string& reason) {
  if (e.seen.state == s && e.seen.reason == reason) return;
  if (e.seen.state != s) {
    e.seen.since = time_now(this, options_.anchor);
    if (s == peer_state::silent) log::warning("node_silent", {{"node", e.seen.who.node}, {"address", e.seen.who.address}, {"reason", reason}});
    else log::info("node_reachable", {{"node", e.seen.who.node}, {"address", e.seen.who.address}});
  }
  e.seen.state = s;
  e.seen.reason = reason;
  publish();
}

void gateway::beat() {
  for (entry& e : peers_)
    if (!e.is_us) beat(e);
  delayed_send(this, sign_every, sign_due{});
}

void gateway::beat(entry& e) {
  const moment now = clock().now();
  if (e.sign != 0) {
    const auto waited = now - e.sign_sent;
    if (waited > sign_timeout) drop_connection(e); // half open: only a new one can tell
    else if (waited > sign_late) become_state(e, peer_state::silent, "no sign of life within " + std::to_string(sign_late.count()) + "s");
    if (e.sign != 0) return;
  }
  if (e.connection == 0 && now < e.open_after) return;
  e.sign = say(e, {}, sign_late);
  e.sign_sent = now;
}

void gateway::publish() {
  std::vector<peer_view> views;
  for (const entry& e : peers_)
    if (!e.is_us) views.push_back(e.seen);
  std::ranges::sort(views, [](const peer_view& a, const peer_view& b) {
    return std::tie(a.who.node, a.who.address) < std::tie(b.who.node, b.who.address);
  });
  options_.publish(std::move(views));
}

} // namespace tocsin
