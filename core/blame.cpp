// One-fault Bayes over the reports of loss; see the header for its model.
#include "core/blame.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "core/group_state.hpp"

namespace tocsin {

namespace {
constexpr double coincidence = 0.1, certain_enough = 0.95, first_counts = 1.5;
using role = suspect::role_t;

/// What one daemon reports of one direction, all its symptoms together.
struct finding {
  double percent = 0;
  bool data_lost = false, hidden_only = true;
  std::set<std::string> peers;
};

struct case_file {
  std::map<std::string, finding> receivers, senders;
  std::set<std::string> named_receivers,
      named_senders; ///< by others, with or without symptoms of their own
  double highest = 0;
  std::string first;

  double rate_of(const std::string& receiver) const {
    const auto r = receivers.find(receiver);
    if (r == receivers.end() || r->second.percent <= 0 || highest <= 0) return 1;
    return r->second.percent / highest;
  }
};

case_file read(const std::vector<loss_report>& reports) {
  case_file file;
  std::set<std::string> receive, send; // have inbound, outbound trouble of their own
  for (const loss_report& r : reports) {
    if (r.kind == symptom_kind::data_loss_outbound ||
        r.kind == symptom_kind::retransmission_outbound)
      send.insert(r.subject);
    if (r.kind == symptom_kind::data_loss_inbound || r.kind == symptom_kind::retransmission_inbound)
      receive.insert(r.subject);
  }
  timestamp first = never;
  for (const loss_report& r : reports) {
    // Requests are suppressed for a lossy receiver: by itself, or by a sender, which names it.
    const bool hidden = r.kind == symptom_kind::hidden_loss;
    const bool inbound =
        hidden ? receive.contains(r.subject) || (!send.contains(r.subject) && r.peers.empty())
               : r.kind == symptom_kind::data_loss_inbound ||
                     r.kind == symptom_kind::retransmission_inbound;
    finding& f = (inbound ? file.receivers : file.senders)[r.subject];
    f.percent = std::max(f.percent, r.percent);
    f.data_lost = f.data_lost || r.kind == symptom_kind::data_loss_inbound ||
                  r.kind == symptom_kind::data_loss_outbound;
    f.hidden_only = f.hidden_only && hidden;
    f.peers.insert(r.peers.begin(), r.peers.end());
    (inbound ? file.named_senders : file.named_receivers).insert(r.peers.begin(), r.peers.end());
    if (inbound) file.highest = std::max(file.highest, r.percent);
    if (r.since < first || (r.since == first && r.subject < file.first)) {
      first = r.since;
      file.first = r.subject;
    }
  }
  return file;
}

/// Logarithms throughout: a product over hundreds of reports would vanish.
double explain_by_receiver(const case_file& file, const std::string& c) {
  double p = std::log(0.5);
  for (const auto& [subject, f] : file.receivers)
    p += std::log(subject == c
                      ? 0.8
                      : std::max(coincidence, 0.6 * (1 - file.rate_of(subject) / file.rate_of(c))));
  for (const auto& [subject, f] : file.senders)
    p += std::log(f.peers.empty()        ? 0.6
                  : !f.peers.contains(c) ? coincidence
                  : f.peers.size() == 1  ? 0.8
                                         : 0.6);
  return p;
}

double explain_by_sender(const case_file& file, const std::string& s) {
  double p = std::log(0.2);
  const auto senders = static_cast<double>(std::max<std::size_t>(file.senders.size(), 1));
  const double unnamed = std::max(coincidence, 0.5 / senders);
  for (const auto& [subject, f] : file.receivers)
    p += std::log(f.peers.empty()        ? unnamed
                  : !f.peers.contains(s) ? coincidence
                  : f.peers.size() == 1  ? 0.8
                                         : 0.5);
  for (const auto& [subject, f] : file.senders) p += std::log(subject == s ? 0.8 : coincidence);
  return p;
}

double explain_by_network(const case_file& file) {
  std::set<std::string> receivers = file.named_receivers;
  for (const auto& [subject, f] : file.receivers) receivers.insert(subject);
  double p = std::log(0.3 * (receivers.size() <= 1 ? 0.1 : receivers.size() == 2 ? 0.5 : 1));
  for (const auto& [subject, f] : file.receivers) p += std::log(0.2 + 0.6 * file.rate_of(subject));
  for (const auto& [subject, f] : file.senders) p += std::log(f.peers.size() == 1 ? 0.4 : 0.7);
  return p;
}

symptom_kind kind_of_receiver(const case_file& file, const std::string& c) {
  const auto own = file.receivers.find(c);
  bool lost = own != file.receivers.end() && own->second.data_lost;
  for (const auto& [subject, f] : file.senders) lost = lost || (f.data_lost && f.peers.contains(c));
  if (lost) return symptom_kind::data_loss_inbound;
  const bool hidden = own != file.receivers.end() && own->second.hidden_only;
  return hidden ? symptom_kind::hidden_loss : symptom_kind::retransmission_inbound;
}

symptom_kind kind_of_sender(const case_file& file, const std::string& s) {
  const auto own = file.senders.find(s);
  bool lost = own != file.senders.end() && own->second.data_lost;
  for (const auto& [subject, f] : file.receivers)
    lost = lost || (f.data_lost && f.peers.contains(s));
  if (lost) return symptom_kind::data_loss_outbound;
  const bool hidden = own != file.senders.end() && own->second.hidden_only;
  return hidden ? symptom_kind::hidden_loss : symptom_kind::retransmission_outbound;
}

symptom_kind kind_of_all(const case_file& file) {
  bool lost = false;
  for (const auto* side : {&file.receivers, &file.senders})
    for (const auto& [subject, f] : *side) lost = lost || f.data_lost;
  return lost ? symptom_kind::data_loss_inbound : symptom_kind::retransmission_inbound;
}
} // namespace

std::string_view to_text(suspect::role_t r) {
  constexpr std::string_view names[] = {"receiver", "sender", "network"};
  return names[static_cast<std::size_t>(r)];
}

std::vector<suspect> rank_suspects(const std::string& segment,
                                   const std::vector<loss_report>& reports) {
  std::vector<suspect> ranked;
  if (reports.empty()) return ranked;
  const case_file file = read(reports);
  std::set<std::string> receivers = file.named_receivers, senders = file.named_senders;
  for (const auto& [subject, f] : file.receivers) receivers.insert(subject);
  for (const auto& [subject, f] : file.senders) senders.insert(subject);
  auto prior = [&](const std::string& s) { return s == file.first ? std::log(first_counts) : 0.0; };
  for (const std::string& c : receivers)
    ranked.push_back(
        {c, role::receiver, prior(c) + explain_by_receiver(file, c), kind_of_receiver(file, c)});
  for (const std::string& s : senders)
    ranked.push_back(
        {s, role::sender, prior(s) + explain_by_sender(file, s), kind_of_sender(file, s)});
  ranked.push_back({segment, role::network, explain_by_network(file), kind_of_all(file)});
  const auto found = static_cast<double>(file.receivers.size() + file.senders.size());
  const double unnamed = std::log(0.1) + found * std::log(0.5);

  double highest = unnamed;
  for (const suspect& s : ranked) highest = std::max(highest, s.probability);
  double sum = std::exp(unnamed - highest);
  for (suspect& s : ranked) sum += s.probability = std::exp(s.probability - highest);
  for (suspect& s : ranked) s.probability = std::min(certain_enough, s.probability / sum);
  std::ranges::stable_sort(ranked, [](const suspect& a, const suspect& b) {
    return a.probability != b.probability
               ? a.probability > b.probability
               : std::tie(a.subject, a.role) < std::tie(b.subject, b.role);
  });
  return ranked;
}

} // namespace tocsin
