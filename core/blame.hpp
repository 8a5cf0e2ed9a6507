// Who causes a loss storm: ranks receivers, senders and the network between them.
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

/// All suspects, most probable first (ties by subject); `segment` stands for the network. Not empty
/// when there are reports.
///
/// Noisy-OR: every piece of evidence that points at a suspect convicts it on its own with
/// probability w, so belief b = 1 - product(1 - w). Weights follow the usual chain of causes (a
/// receiver misses packets, senders repeat them for it, the bandwidth is eaten, others miss too,
/// data is lost), so receivers are suspected before senders:
///   misses packets itself                 0.7 critical, 0.5 warning, times 0.3 + 0.7 of its share
///   of the
///                                         highest miss rate: the worst receiver started it
///   lost inbound data itself              0.6
///   named by a sender's outbound loss     0.4 each
///   gives up requests (hidden loss)       0.3
///   repeats packets                       0.25
///   others lost data it sent              0.25 for its own report, 0.25 for each receiver that
///   names it was the first with a symptom          0.2
/// Several receivers that miss alike point at what lies between: the network gets 0.7 for every
/// receiver beyond the worst, times the belief in that receiver, times the ratio of its rate to the
/// highest. A suspect's probability is its share of the odds b / (1 - b), with 1 added to the sum
/// for a cause that nobody named.
std::vector<suspect> rank_suspects(const std::string& segment,
                                   const std::vector<loss_report>& reports);

} // namespace tocsin
