// What people order a node to do, and what it knows about its alarms.
#include "actors/node.hpp"
#include "actors/node_parts.hpp"

namespace tocsin {

namespace {
constexpr auto answer_within = std::chrono::seconds{5};

/// The text that came with an error, without CAF's wrapping.
error refusal(const caf::actor_system& system, const caf::error& e) {
  if (e == caf::sec::invalid_argument) return {errc::invalid, reason_text(system, e)};
  return {errc::timeout, "no answer in time; the node is busy, try again"};
}
} // namespace

result<void> node::obey(const operator_command& order) {
  parts& p = *parts_;
  caf::scoped_actor self{p.system};
  result<void> outcome;
  const auto refused = [&](caf::error& e) { outcome = tl::make_unexpected(refusal(p.system, e)); };
  self->request(p.groups_actor, answer_within, would_obey{order, wall_clock()}).receive([] {}, refused);
  if (!outcome) return outcome;
  self->request(p.intake_actor, answer_within, operator_order{encode(order)}).receive([] {}, refused);
  return outcome;
}

std::shared_ptr<const alarm_view> node::alarms() const {
  alarms_answer found;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  self->request(parts_->groups_actor, answer_within, ask_alarms{})
      .receive([&](const alarms_answer& a) { found = a; }, [](caf::error&) {});
  return found;
}

std::shared_ptr<const kpi_report> node::figures() const {
  figures_answer found;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  self->request(parts_->groups_actor, answer_within, ask_figures{wall_clock()})
      .receive([&](const figures_answer& a) { found = a; }, [](caf::error&) {});
  return found;
}

std::vector<decision> node::standing(const std::string& incident) const {
  std::vector<decision> found;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  self->request(parts_->groups_actor, answer_within, ask_standing{incident})
      .receive([&](const decisions_answer& a) { found = *a; }, [](caf::error&) {});
  return found;
}

} // namespace tocsin
