#include "core/detectors/channel_monitor.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {

constexpr std::uint32_t silent_rows = 10; ///< of so few nothing can be said
constexpr double tail_most = 6, ratio_most = 4;
constexpr double usual_share = 0.4, usual_gain = 0.0007; ///< of the composite's own mean; half-life 1000 rows
constexpr double value_most = 1e150;                     ///< squares of larger ones are infinite
constexpr std::array<std::string_view, detector_kinds> names{
    "variance_10",   "variance_20",   "variance_40", "log_variance_10", "log_variance_50",  "shift_3_100", "shift_3_300",
    "shift_5_300",   "oscillation",   "z_score",     "modified_z",      "difference",       "cusum",       "page_hinkley",
    "log_shift_100", "log_season_10", "stuck",       "extreme",         "residual_extreme", "log_extreme"};

constexpr std::size_t index_of(detector_kind k) { return static_cast<std::size_t>(k); }
constexpr double square(double x) { return x * x; }
/// A ten-thousandth of the range beyond all that was seen gives 0, a whole range 4.
double score_of_excess(double excess) { return excess > 0 ? std::clamp(ratio_most + std::log10(excess), 0.0, ratio_most) : 0; }

} // namespace

std::string_view to_text(detector_kind k) { return names[index_of(k) % detector_kinds]; }

channel_monitor::channel_monitor(std::shared_ptr<const channel_options> options)
    : options_(std::move(options)), season_(options_->season), log_season_(options_->season), record_(options_->record_rows) {}

void channel_monitor::add(detector_kind k, double g) { terms_[index_of(k)] = static_cast<float>(square(options_->weights[index_of(k)] * g)); }

void channel_monitor::add_tail(detector_kind k, double raw) { add(k, tails_[index_of(k)].next(raw, tail_most)); }

void channel_monitor::judge_spread(double residual, double z) {
  using kind = detector_kind;
  variance_.next(residual);
  log_variance_.next(std::asinh(std::clamp(z, -1e6, 1e6)));
  for (std::size_t i = 0; i < 3; ++i)
    if (const auto k = static_cast<kind>(index_of(kind::variance_10) + i); wants(k)) add_tail(k, std::sqrt(variance_.ratio(i)));
  for (std::size_t i = 0; i < 2; ++i)
    if (const auto k = static_cast<kind>(index_of(kind::log_variance_10) + i); wants(k)) add_tail(k, std::sqrt(log_variance_.ratio(i)));
}

void channel_monitor::judge_level(timestamp at, double value) {
  using kind = detector_kind;
  if (!wants(kind::log_shift_100) && !wants(kind::log_season_10) && !wants(kind::log_extreme)) return;
  const double log_value = std::asinh(std::clamp(robust_value_.next_signed(value), -1e6, 1e6));
  if (wants(kind::log_shift_100)) add_tail(kind::log_shift_100, log_shift_.next(log_value));
  if (wants(kind::log_extreme)) add(kind::log_extreme, score_of_excess(log_extreme_.next(log_value)));
  if (!wants(kind::log_season_10)) return;
  static const double alpha = detectors::alpha_of_half_life(10);
  log_mean_ += (rows_ == 1 ? 1 : alpha) * (log_value - log_mean_);
  const double z = log_season_z_.next(log_season_.next(at, log_mean_));
  add(kind::log_season_10, log_season_tail_.next(z, tail_most));
}

double channel_monitor::composite(timestamp at, double value, double residual) {
  using kind = detector_kind;
  const double z = robust_.next_signed(residual);
  judge_spread(residual, z);
  judge_level(at, value);
  for (std::size_t i = 0; i < shifts_.size(); ++i)
    if (const auto k = static_cast<kind>(index_of(kind::shift_3_100) + i); wants(k)) add_tail(k, shifts_[i].next(residual));
  if (wants(kind::stuck)) add(kind::stuck, std::min(stuck_.next(value), ratio_most));
  if (wants(kind::oscillation)) add_tail(kind::oscillation, oscillation_.next(residual));
  if (wants(kind::z_score)) add_tail(kind::z_score, z_.next(residual));
  if (wants(kind::modified_z)) add_tail(kind::modified_z, std::fabs(z));
  if (wants(kind::difference)) add_tail(kind::difference, difference_.next(value));
  if (wants(kind::extreme)) add(kind::extreme, score_of_excess(extreme_.next(value)));
  if (wants(kind::residual_extreme)) add(kind::residual_extreme, score_of_excess(residual_extreme_.next(residual)));
  if (wants(kind::cusum)) add_tail(kind::cusum, cusum_.next(residual));
  if (wants(kind::page_hinkley)) add_tail(kind::page_hinkley, page_hinkley_.next(residual));
  float sum = 0;
  for (float t : terms_) sum += t;
  return std::sqrt(static_cast<double>(sum));
}

bool channel_monitor::is_change_point(double residual) {
  const double score = change_tail_.next(change_.next(residual), 2 * tail_most);
  if (change_quiet_ > 0) --change_quiet_;
  if (rows_ <= options_->learn_rows || score < options_->change_limit || change_quiet_ > 0) return false;
  change_quiet_ = options_->record_rows / 4;
  return true;
}

row_verdict channel_monitor::next(timestamp at, double value) {
  if (!std::isfinite(value)) return {};
  value = std::clamp(value, -value_most, value_most);
  if (rows_ != UINT32_MAX) ++rows_;
  const double residual = season_.next(at, value);
  const double sum = composite(at, value, residual), score = std::max(0.0, sum - usual_share * usual_) / options_->limit;
  usual_ += detectors::gain(rows_, usual_gain) * (sum - usual_);
  const bool record = record_.next(score);
  row_verdict v;
  if (rows_ <= silent_rows) return v;
  v.score = record ? score : 0.5 * score / (1 + score);
  v.alert = record && score >= 1 && rows_ > options_->learn_rows;
  v.change_point = is_change_point(residual);
  return v;
}

std::array<detector_share, 3> channel_monitor::strongest() const {
  float sum = 0;
  for (float t : terms_) sum += t;
  std::array<std::uint8_t, detector_kinds> order;
  for (std::size_t i = 0; i < detector_kinds; ++i) order[i] = static_cast<std::uint8_t>(i);
  std::partial_sort(order.begin(), order.begin() + 3, order.end(),
                    [&](std::uint8_t a, std::uint8_t b) { return terms_[a] != terms_[b] ? terms_[a] > terms_[b] : a < b; });
  std::array<detector_share, 3> found;
  for (std::size_t i = 0; i < 3; ++i)
    found[i] = {static_cast<detector_kind>(order[i]), sum > 0 ? static_cast<double>(terms_[order[i]] / sum) : 0.0};
  return found;
}

template <class Self>
void channel_monitor::fields(Self& self, auto&& each) {
  each(self.season_, self.robust_, self.variance_, self.log_variance_, self.shifts_, self.stuck_, self.oscillation_, self.z_,
       self.difference_, self.extreme_, self.residual_extreme_, self.log_extreme_, self.cusum_, self.page_hinkley_, self.robust_value_,
       self.log_shift_, self.log_season_, self.log_season_z_, self.log_season_tail_, self.log_mean_, self.usual_, self.change_, self.tails_,
       self.change_tail_, self.record_, self.terms_, self.rows_, self.change_quiet_);
}

void channel_monitor::save(writer& out) const {
  out.put(std::uint8_t{2}); // version
  fields(*this, detectors::state_writer{out});
}

bool channel_monitor::load(reader& in) {
  if (in.get<std::uint8_t>() != 2) return false;
  fields(*this, detectors::state_reader{in});
  return in.ok();
}

} // namespace tocsin
