// Who causes losses between daemons: ranks receivers, senders and the network between them.
#pragma once

#include <string>
#include <vector>

#include "core/incident.hpp"

namespace tocsin {

/// A daemon's loss symptom, as far as it points at somebody.
struct loss_report {
  std::string subject;
  symptom_kind kind;
  severity level;
  timestamp since;
  double percent = 0;             ///< of packets, for retransmission symptoms
  std::vector<std::string> peers; ///< subjects it names
};

struct suspect {
  enum class role_t : std::uint8_t { receiver, sender, network };
  std::string subject;
  role_t role;
  double probability;
  symptom_kind kind; ///< worst symptom that points at it
};
std::string_view to_text(suspect::role_t role);

/// All suspects, most probable first (ties by subject and role); `segment` stands for the network.
/// Not empty when there are reports.
///
/// Each suspect is asked how well it alone explains every report (one fault, Bayes' rule): its
/// probability is proportional to prior * product of P(report | suspect). A report that a suspect
/// does not explain counts 0.1, the chance of a coincidence. The usual chain of causes is: a
/// receiver misses packets, senders repeat them for it, the bandwidth is eaten, others miss as
/// well, data is lost.
///                            receiver c               sender s                network
///   prior                    0.5                      0.2                     0.3 *
///   c misses or loses        0.8                                              0.2 + 0.6 r
///   another r' misses        collateral, 0.6 (1 -     named by it 0.8 (0.5    0.2 + 0.6 r
///                            rate / rate of c)        with others), when it
///                                                     names nobody 0.5 / senders
///   s repeats or loses       names c 0.8 (0.6 with    0.8                     0.7, 0.4 when it
///   names
///                            others), nobody 0.6                              one receiver only
/// r: a receiver's miss rate against the highest. * times 0.1 with one receiver, 0.5 with two: a
/// network spares few. The first with a symptom gets 1.5 times its prior. Somebody whom nothing
/// points at (not listed): prior 0.1, 0.5 for every report. No verdict is better than 0.95.
std::vector<suspect> rank_suspects(const std::string& segment,
                                   const std::vector<loss_report>& reports);

} // namespace tocsin
