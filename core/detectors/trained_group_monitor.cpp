#include "core/detectors/trained_group_monitor.hpp"

#include <algorithm>

namespace tocsin {

namespace {
constexpr std::uint32_t quiet_least = 10; ///< rows without an alert that make the next one a change
} // namespace

trained_group_monitor::trained_group_monitor(cva analysis, stuck_channels stuck)
    : analysis_(std::move(analysis)), stuck_(std::move(stuck)), quiet_(quiet_least) {}

result<trained_group_monitor> trained_group_monitor::train(const table& rows, cva_options options) {
  auto analysis = cva::train(rows, options);
  if (!analysis) return tl::make_unexpected(analysis.error());
  return trained_group_monitor(std::move(*analysis), stuck_channels(rows));
}

row_verdict trained_group_monitor::next(timestamp at, std::span<const double> values) {
  if (values.size() != analysis_.columns()) return {verdict_.score, verdict_.alert, false};
  const row_verdict moving = analysis_.next(values);
  const double stuck = stuck_.next(values);
  const bool alert = moving.alert || stuck > 1;
  stuck_decides_ = stuck > moving.score;
  const bool begins = alert && quiet_ >= quiet_least;
  if (alert && !verdict_.alert) since_ = at;
  quiet_ = alert ? 0 : std::min(quiet_least, quiet_ + 1);
  verdict_ = {std::max(moving.score, stuck), alert, begins};
  return verdict_;
}

void trained_group_monitor::restart() {
  analysis_.restart();
  stuck_.restart();
  verdict_ = {};
  stuck_decides_ = false;
  quiet_ = quiet_least;
  since_ = unset;
}

std::vector<contribution> trained_group_monitor::contributions() const {
  if (stuck_decides_) return {{stuck_.channel(), 1.0}};
  return analysis_.contributions();
}

void trained_group_monitor::save(writer& out) const {
  analysis_.save(out);
  stuck_.save(out);
  out.put(verdict_.score);
  out.put(verdict_.alert);
  out.put(stuck_decides_);
  out.put(quiet_);
  out.put(since_);
}

result<trained_group_monitor> trained_group_monitor::load(reader& in) {
  auto analysis = cva::load(in);
  if (!analysis) return tl::make_unexpected(analysis.error());
  trained_group_monitor out(std::move(*analysis), stuck_channels{});
  const bool good = out.stuck_.load(in);
  out.verdict_.score = in.get<double>();
  out.verdict_.alert = in.get<bool>();
  out.stuck_decides_ = in.get<bool>();
  out.quiet_ = in.get<std::uint32_t>();
  out.since_ = in.get_time();
  if (!good || !in.ok())
    return fail(errc::malformed, "snapshot of a trained group monitor: not one");
  return out;
}

} // namespace tocsin
