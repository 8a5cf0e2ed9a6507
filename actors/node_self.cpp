// What a node does to prove itself: its canary, its beat, and what it says when one of them or a receiver fails.
#include "actors/beat.hpp"
#include "actors/canary_keeper.hpp"
#include "actors/node_parts.hpp"

namespace tocsin {

/// An order of our own: journaled, so that a replay knows it.
void node::parts::say_of_self(command_kind kind, const std::string& target, const std::string& why) {
  operator_command c{};
  c.kind = kind;
  c.target = target;
  c.who = "tocsin";
  c.comment = why.substr(0, 300);
  for (char& letter : c.comment)
    if (static_cast<unsigned char>(letter) < 0x20) letter = ' ';
  if (intake_actor) caf::anon_send(intake_actor, operator_order{encode(c)});
}

child_spec node::parts::canary_child() {
  // Vital: the canary's receiver knows it by its handle.
  return {"canary", [this](caf::event_based_actor* parent) -> caf::actor {
            canary_options c;
            c.rules = options.config.self.canary;
            c.metrics = metrics;
            c.anchor = anchor;
            c.say = [this](bool works, const std::string& why) {
              say_of_self(works ? command_kind::self_works : command_kind::self_failing, "canary", why);
            };
            return canary_actor = parent->spawn<canary_keeper>(std::move(c));
          }, true};
}

child_spec node::parts::beat_child() {
  return {"beat", [this](caf::event_based_actor* parent) -> caf::actor {
            beat_options b;
            b.to = options.config.self.beat;
            b.every = options.config.self.beat_every;
            b.groups = groups_actor;
            b.recorder = recorder_actor;
            for (const receiver_settings& r : options.config.receivers) b.receivers += r.kind != "canary";
            b.ready = [this] { return is_ready.load(); };
            b.say = [this](bool works, const std::string& why) {
              say_of_self(works ? command_kind::self_works : command_kind::self_failing, "beat", why);
            };
            b.metrics = metrics;
            b.anchor = anchor;
            return parent->spawn<beat, caf::detached>(std::move(b));
          }};
}

} // namespace tocsin
