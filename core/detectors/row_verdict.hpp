// What the detectors say about one row.
#pragma once

namespace tocsin {

struct row_verdict {
  double score = 0;          ///< larger = more anomalous; 1 is the limit of an alert
  bool alert = false;        ///< the detectors' own decision
  bool change_point = false; ///< the level or behaviour changed about here
};

} // namespace tocsin
