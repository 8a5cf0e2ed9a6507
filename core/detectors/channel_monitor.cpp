#include "core/detectors/channel_monitor.hpp"

#include <algorithm>
#include <cmath>

namespace tocsin {

namespace {

constexpr double tail_most = 6, peak_most = 4;
constexpr double value_most = 1e150; ///< squares of larger ones are infinite
/// Which detectors are measured against their own past peaks; the others by their tail.
constexpr std::array<std::uint8_t, detector_kinds> place{0, 1, 2, 3, 0, 1, 4, 5, 6, 2, 3, 7, 8, 9};

constexpr std::array<std::string_view, detector_kinds> names{
    "variance",   "log_variance", "mean_shift", "level_shift", "level_record", "quiet",        "z_score",
    "modified_z", "difference",   "extreme",    "stuck",       "cusum",        "page_hinkley", "oscillation"};

} // namespace

std::string_view to_text(detector_kind k) { return names[static_cast<std::size_t>(k) % detector_kinds]; }

channel_monitor::channel_monitor(std::shared_ptr<const channel_options> options)
    : options_(std::move(options)), season_(options_->season), record_(options_->record_rows) {}

double channel_monitor::composite(double value, double residual) {
  using kind = detector_kind;
  const auto& weights = options_->weights;
  float sum = 0;
  const auto add = [&](kind k, double g) {
    const float term = static_cast<float>(weights[static_cast<std::size_t>(k)] * g);
    sum += terms_[static_cast<std::size_t>(k)] = term * term * term;
  };
  const auto tail = [&](kind k, auto&& raw) {
    if (weights[static_cast<std::size_t>(k)] > 0) add(k, tails_[place[static_cast<std::size_t>(k)]].next(raw(), tail_most));
  };
  const auto peak = [&](kind k, auto&& raw) {
    if (weights[static_cast<std::size_t>(k)] > 0) add(k, peaks_[place[static_cast<std::size_t>(k)]].next(raw(), peak_most));
  };
  const double z = robust_.next_signed(residual);
  tail(kind::variance, [&] { return std::sqrt(variance_.ratio(residual)); });
  tail(kind::log_variance, [&] { return std::sqrt(log_variance_.ratio(std::asinh(std::clamp(z, -1e6, 1e6)))); });
  tail(kind::mean_shift, [&] { return shift_.next(residual); });
  tail(kind::level_shift, [&] { return level_.next(value); });
  peak(kind::level_record, [&] { return residual_level_.next(residual); });
  peak(kind::quiet, [&] { return std::max(0.0, -std::log(calm_.ratio(value) + 1e-9)); });
  tail(kind::z_score, [&] { return z_.next(residual); });
  tail(kind::modified_z, [&] { return std::fabs(z); });
  tail(kind::difference, [&] { return difference_.next(value); });
  peak(kind::extreme, [&] { return extreme_.next(value); });
  peak(kind::stuck, [&] { return stuck_.next(value); });
  tail(kind::cusum, [&] { return cusum_.next(residual); });
  tail(kind::page_hinkley, [&] { return page_hinkley_.next(residual); });
  tail(kind::oscillation, [&] { return oscillation_.next(value); });
  return std::cbrt(static_cast<double>(sum));
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
  const double score = composite(value, residual) / options_->limit;
  const bool record = record_.next(score);
  row_verdict v;
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
  each(self.season_, self.robust_, self.variance_, self.log_variance_, self.calm_, self.shift_, self.level_, self.residual_level_,
       self.z_, self.difference_, self.extreme_, self.stuck_, self.cusum_, self.page_hinkley_, self.oscillation_, self.change_,
       self.tails_, self.peaks_, self.change_tail_, self.record_, self.terms_, self.rows_, self.change_quiet_);
}

void channel_monitor::save(writer& out) const {
  out.put(std::uint8_t{1}); // version
  fields(*this, detectors::state_writer{out});
}

bool channel_monitor::load(reader& in) {
  if (in.get<std::uint8_t>() != 1) return false;
  fields(*this, detectors::state_reader{in});
  return in.ok();
}

} // namespace tocsin
