// Noisy-OR over the loss symptoms of a storm; see the header for its weights.
#include "core/blame.hpp"

#include <algorithm>
#include <map>

#include "core/group_state.hpp"

namespace tocsin {

namespace {
constexpr double misses_critical = 0.7, misses_warning = 0.5, lost_inbound = 0.6,
                 named_by_sender = 0.4, gives_up = 0.3, repeats = 0.25, lost_outbound = 0.25,
                 was_first = 0.2, network_too = 0.7;

struct belief {
  double innocent = 1; ///< product of (1 - w)
  double as_receiver = 1;
  int weight = 0;
  symptom_kind kind = symptom_kind::retransmission_outbound;

  void add(double w, bool receiver, symptom_kind k) {
    innocent *= 1 - w;
    if (receiver) as_receiver *= 1 - w;
    if (weight_of(k) > weight) {
      weight = weight_of(k);
      kind = k;
    }
  }
};

/// Highest miss rate of each receiver; those that lost data without a rate count as the worst.
std::map<std::string, double> miss_rates(const std::vector<loss_report>& reports, double& highest) {
  std::map<std::string, double> rates;
  highest = 0;
  for (const loss_report& r : reports)
    if (r.kind == symptom_kind::retransmission_inbound) {
      rates[r.subject] = std::max(rates[r.subject], r.percent);
      highest = std::max(highest, r.percent);
    }
  for (const loss_report& r : reports)
    if (r.kind == symptom_kind::data_loss_inbound) rates.try_emplace(r.subject, highest);
  return rates;
}

void weigh(const loss_report& r, double highest, std::map<std::string, belief>& all) {
  switch (r.kind) {
  case symptom_kind::retransmission_inbound: {
    const double share = highest > 0 ? std::clamp(r.percent / highest, 0.0, 1.0) : 1;
    const double w = r.level == severity::critical ? misses_critical : misses_warning;
    all[r.subject].add(w * (0.3 + 0.7 * share), true, r.kind);
    break;
  }
  case symptom_kind::data_loss_inbound:
    all[r.subject].add(lost_inbound, true, r.kind);
    for (const std::string& p : r.peers)
      all[p].add(lost_outbound, false, symptom_kind::data_loss_outbound);
    break;
  case symptom_kind::data_loss_outbound:
    all[r.subject].add(lost_outbound, false, r.kind);
    for (const std::string& p : r.peers)
      all[p].add(named_by_sender, true, symptom_kind::data_loss_inbound);
    break;
  case symptom_kind::hidden_loss:
    all[r.subject].add(gives_up, true, r.kind);
    for (const std::string& p : r.peers) all[p].add(named_by_sender, true, r.kind);
    break;
  default:
    all[r.subject].add(repeats, false, r.kind);
    for (const std::string& p : r.peers)
      all[p].add(named_by_sender, true, symptom_kind::retransmission_inbound);
  }
}
} // namespace

std::string_view to_text(suspect::role_t role) {
  constexpr std::string_view names[] = {"receiver", "sender", "network"};
  return names[static_cast<std::size_t>(role)];
}

std::vector<suspect> rank_suspects(const std::string& segment,
                                   const std::vector<loss_report>& reports) {
  std::vector<suspect> ranked;
  if (reports.empty()) return ranked;
  double highest = 0;
  const std::map<std::string, double> rates = miss_rates(reports, highest);
  std::map<std::string, belief> all;
  const loss_report* first = &reports.front();
  for (const loss_report& r : reports) {
    weigh(r, highest, all);
    if (r.since < first->since || (r.since == first->since && r.subject < first->subject))
      first = &r;
  }
  all[first->subject].add(was_first, first->kind == symptom_kind::retransmission_inbound,
                          first->kind);

  belief between;
  std::string worst;
  for (const auto& [subject, rate] : rates)
    if (worst.empty() || rate > rates.at(worst)) worst = subject;
  for (const auto& [subject, rate] : rates)
    if (const belief& b = all[subject]; subject != worst)
      between.add(network_too * (1 - b.innocent) * (highest > 0 ? rate / highest : 1), true,
                  b.kind);

  auto odds = [](double innocent) {
    const double i = std::clamp(innocent, 1e-9, 1.0);
    return (1 - i) / i;
  };
  double sum = 1;
  for (const auto& [subject, b] : all) sum += odds(b.innocent);
  if (between.weight > 0) {
    sum += odds(between.innocent);
    ranked.push_back(
        {segment, suspect::role_t::network, odds(between.innocent) / sum, between.kind});
  }
  for (const auto& [subject, b] : all) {
    // A receiver when what points at it as one weighs more than what points at it as a sender.
    const bool receiver = b.as_receiver * b.as_receiver <= b.innocent;
    ranked.push_back({subject, receiver ? suspect::role_t::receiver : suspect::role_t::sender,
                      odds(b.innocent) / sum, b.kind});
  }
  std::ranges::stable_sort(ranked, [](const suspect& a, const suspect& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.subject < b.subject;
  });
  return ranked;
}

} // namespace tocsin
