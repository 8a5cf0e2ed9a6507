// The keys of the equipment channels' detectors.
#include "config/document.hpp"

namespace tocsin {

namespace {

keys::section describe_weights(channel_options& o) {
  static constexpr std::array<std::string_view, detector_kinds> docs{
      "Rms of the last 10 rows about the usual mean against the usual one.",
      "The same over 20 rows.",
      "The same over 40 rows.",
      "Over 10 rows after a logarithmic squeeze: little moved by heavy tails.",
      "The same over 50 rows.",
      "Mean of 3 rows against that of 100.",
      "Mean of 3 rows against that of 300.",
      "Mean of 5 rows against that of 300.",
      "Turns round more often, or less often, than usual.",
      "Distance from the mean of 100 rows in standard deviations.",
      "Distance from the median in median absolute deviations.",
      "Step from one row to the next.",
      "CUSUM: a small shift that lasts.",
      "Page-Hinkley: the same with a fading sum.",
      "Mean of 100 rows against that of 3000, after a logarithmic squeeze.",
      "Mean of 10 rows against the usual at this time of the season, after a logarithmic squeeze.",
      "One value repeated for longer than ever.",
      "Beyond everything seen so far.",
      "The same of what the seasonal baseline leaves.",
      "The same after a logarithmic squeeze."};
  keys::section s;
  for (std::size_t i = 0; i < detector_kinds; ++i) s.number(to_text(static_cast<detector_kind>(i)), o.weights[i], 0, 100, docs[i]);
  return s;
}

} // namespace

keys::section describe(channel_options& o) {
  keys::section s;
  s.group("weights", describe_weights(o), "Weight of each detector in the composite score; 0 leaves it out.");
  s.number("limit", o.limit, 0.1, 1000, "Composite from which on a row that beats its past is an alert.").unit("-log10 probability");
  s.whole("record_rows", o.record_rows, 1, 1'000'000, "An alert beats every score of so many rows.").unit("rows");
  s.whole("learn_rows", o.learn_rows, 0, 1'000'000, "First rows of a channel, which give no alert.").unit("rows");
  s.number("change_limit", o.change_limit, 1, 12, "Tail probability from which on a shift is a change point.").unit("-log10 probability");
  s.span("season", o.season, 0s, 366 * 24h, "Period of the seasonal baseline; 24h keeps working days and weekends apart; 0s = none.");
  return s;
}

} // namespace tocsin
