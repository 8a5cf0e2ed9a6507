#include "core/equipment/group_method.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/detectors/group_monitor.hpp"
#include "core/detectors/isolation_forest.hpp"
#include "core/detectors/pca.hpp"
#include "core/detectors/trained_group_monitor.hpp"

namespace tocsin {

namespace {

class adaptive_method final : public group_method {
public:
  adaptive_method(std::size_t channels, std::size_t learn) : monitor_(channels, options(learn)) {}
  row_verdict next(timestamp at, std::span<const double> row) override { return monitor_.next(at, row); }
  std::vector<contribution> contributions() const override { return monitor_.contributions(); }
  bool learning() const override { return monitor_.learning(); }

private:
  static group_options options(std::size_t learn) {
    group_options o;
    o.learn = learn;
    return o;
  }
  group_monitor monitor_;
};

class components_model {
public:
  static result<components_model> train(const table& rows) {
    auto model = pca::train(rows, {0, 0.9, 0.001});
    if (!model) return tl::unexpected{model.error()};
    return components_model{std::move(*model)};
  }
  row_verdict next(timestamp, std::span<const double> row) {
    const pca_distance d = model_.distance(row);
    const double t2 = d.t2 / model_.t2_limit_f(), spe = model_.spe_limit_jackson() > 0 ? d.spe / model_.spe_limit_jackson() : 0;
    shares_ = t2 > spe ? model_.t2_contributions(row) : model_.spe_contributions(row);
    return {std::max(t2, spe), false, false};
  }
  std::vector<contribution> contributions() const { return shares_; }

private:
  explicit components_model(pca model) : model_(std::move(model)) {}
  pca model_;
  std::vector<contribution> shares_;
};

class forest_model {
public:
  static result<forest_model> train(const table& rows) {
    auto model = isolation_forest::train(rows);
    if (!model) return tl::unexpected{model.error()};
    return forest_model{std::move(*model)};
  }
  row_verdict next(timestamp, std::span<const double> row) { return {model_.score(row), false, false}; }
  std::vector<contribution> contributions() const { return {}; }

private:
  explicit forest_model(isolation_forest model) : model_(std::move(model)) {}
  isolation_forest model_;
};

class canonical_model {
public:
  static result<canonical_model> train(const table& rows) {
    auto model = trained_group_monitor::train(rows);
    if (!model) return tl::unexpected{model.error()};
    return canonical_model{std::move(*model)};
  }
  row_verdict next(timestamp at, std::span<const double> row) { return model_.next(at, row); }
  std::vector<contribution> contributions() const { return model_.contributions(); }

private:
  explicit canonical_model(trained_group_monitor model) : model_(std::move(model)) {}
  trained_group_monitor model_;
};

/// Learns from its first rows as a whole, then judges by the model.
template <class Model>
class trained_method final : public group_method {
public:
  trained_method(std::size_t channels, std::size_t learn) : learn_(learn), held_(channels, std::nan("")) { rows_.columns = channels; }
  row_verdict next(timestamp at, std::span<const double> row) override {
    if (instead_) return instead_->next(at, row);
    bool whole = true;
    for (std::size_t i = 0; i < held_.size(); ++i) {
      if (i < row.size() && std::isfinite(row[i])) held_[i] = row[i]; // what is missing is as it was
      whole = whole && std::isfinite(held_[i]);
    }
    if (model_) return model_->next(at, held_);
    if (whole) rows_.push(held_);
    if (rows_.rows() >= learn_) train(at);
    return {};
  }
  std::vector<contribution> contributions() const override {
    return instead_ ? instead_->contributions() : model_ ? model_->contributions() : std::vector<contribution>{};
  }
  bool learning() const override { return instead_ ? instead_->learning() : !model_; }

private:
  void train(timestamp at) {
    if (auto trained = Model::train(rows_)) {
      model_.emplace(std::move(*trained));
    } else {
      instead_.emplace(held_.size(), learn_);
      for (std::size_t i = 0; i < rows_.rows(); ++i) instead_->next(at, rows_.row(i));
    }
    rows_.values = {};
  }
  std::size_t learn_;
  table rows_;
  std::vector<double> held_;
  std::optional<Model> model_;
  std::optional<adaptive_method> instead_;
};

std::unique_ptr<group_method> make_raw(group_watch_rule::method_t method, std::size_t channels, std::size_t learn) {
  using enum group_watch_rule::method_t;
  switch (method) {
  case components: return std::make_unique<trained_method<components_model>>(channels, learn);
  case canonical: return std::make_unique<trained_method<canonical_model>>(channels, learn);
  case forest: return std::make_unique<trained_method<forest_model>>(channels, learn);
  case adaptive: break;
  }
  return std::make_unique<adaptive_method>(channels, learn);
}

/// Rows that say as much as one would if each were independent of the last (integrated autocorrelation): where a method smooths,
/// or its channels are slow, rows beyond the tail come together.
double correlation_rows(const std::vector<double>& x) {
  const double n = static_cast<double>(x.size()), mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const auto covariance = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = lag; i < x.size(); ++i) sum += (x[i] - mean) * (x[i - lag] - mean);
    return sum / n;
  };
  const double variance = covariance(0);
  double rows = 1;
  for (std::size_t lag = 1; lag <= 200 && lag < x.size() / 4 && variance > 0; ++lag) {
    const double together = covariance(lag) / variance;
    if (together < 0.02) break;
    rows += 2 * together;
  }
  return rows;
}

/// Judges the scores of a method by the tail they have in calm: a CUSUM (Page 1954) of their surprise.
class tail_judged final : public group_method {
public:
  tail_judged(std::unique_ptr<group_method> method, std::size_t settle, double run_length)
      : method_(std::move(method)), settle_(settle), limit_(std::log(run_length) / decay) {}
  row_verdict next(timestamp at, std::span<const double> row) override {
    const bool learns = method_->learning();
    const double score = method_->next(at, row).score;
    if (learns) return {};
    if (!settled_) {
      scores_.push_back(score);
      if (scores_.size() >= settle_) settle();
      return {};
    }
    const double nats = surprise(score);
    const row_verdict v = judge(nats);
    if (!alert_ && sum_ < limit_ / 2) adapt(score);
    return v;
  }
  std::vector<contribution> contributions() const override { return method_->contributions(); }
  bool learning() const override { return !settled_; }

private:
  /// Rows whose surprise is above `usual` nats add to the sum. In calm surprise is exponential with mean 1, and a sum beyond h
  /// comes every e^(decay h) rows: 1 / (1 - decay) = e^(decay usual).
  static constexpr double usual = 3, decay = 0.9405, most = 60;

  /// An exponential tail through the 80 % and 98 % quantiles: a few odd rows among them do not move it.
  void settle() {
    std::vector<double> sorted = scores_;
    std::ranges::sort(sorted);
    const auto quantile = [&](double q) { return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))]; };
    from_ = quantile(0.8);
    slope_ = std::max((quantile(0.98) - from_) / std::log(10.0), 1e-9 * std::fabs(from_) + 1e-12);
    for (double& each : scores_) each = surprise(each);
    rows_as_one_ = correlation_rows(scores_);
    settled_ = true;
    rows_ = settle_;
    scores_ = {};
  }
  /// The tail is known better the longer it is calm: stochastic approximation of its quantile and its mean excess.
  void adapt(double score) {
    const double gain = 1 / std::min(static_cast<double>(++rows_), 50'000.0);
    const bool tail = score > from_;
    if (tail) slope_ += 5 * gain * (score - from_ - slope_);
    from_ += gain * 5 * slope_ * (tail ? 0.8 : -0.2);
  }
  double surprise(double score) const {
    return score <= from_ ? 0 : std::min(std::log(5.0) + (score - from_) / slope_, most); // -ln of its tail probability
  }
  row_verdict judge(double nats) {
    constexpr unsigned confirm = 3, clear = 10;
    sum_ = std::clamp(sum_ + (nats - usual) / rows_as_one_, 0.0, 2 * limit_);
    calm_ = nats > usual ? 0 : calm_ + 1;
    beyond_ = nats > usual ? beyond_ + 1 : 0; // one odd row is nobody's fault
    const bool was = alert_;
    alert_ = alert_ ? calm_ < clear : sum_ > limit_ && beyond_ >= confirm;
    if (was && !alert_) sum_ = 0;
    return {sum_ / limit_, alert_, alert_ != was};
  }
  std::unique_ptr<group_method> method_;
  std::size_t settle_;
  double limit_, from_ = 0, slope_ = 1, rows_as_one_ = 1, sum_ = 0;
  std::uint64_t rows_ = 0;
  std::vector<double> scores_;
  unsigned calm_ = 0, beyond_ = 0;
  bool settled_ = false, alert_ = false;
};

} // namespace

std::unique_ptr<group_method> make_group_method(group_watch_rule::method_t method, std::size_t channels, std::size_t learn, double run_length) {
  return std::make_unique<tail_judged>(make_raw(method, channels, learn), std::max<std::size_t>(3 * learn, 300), run_length);
}

} // namespace tocsin
