#include "core/detectors/cva_statistics.hpp"

namespace tocsin {

cva_statistics::cva_statistics(std::size_t states, std::size_t variates, double usual_t,
                               double usual_q)
    : states_(states), variates_(variates), usual_t_(usual_t), usual_q_(usual_q),
      vectors_(vector_weights.size() * variates, 0.0) {}

const cva_statistics::values& cva_statistics::next(const double* canonical) {
  const auto squares = [&](const double* v, std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += v[i] * v[i];
    return sum;
  };
  const double t = squares(canonical, 0, states_), q = squares(canonical, states_, variates_);
  std::size_t at = 0;
  last_[at++] = t;
  last_[at++] = q;
  for (std::size_t i = 0; i < square_weights.size(); ++i) {
    squares_[2 * i] += square_weights[i] * (t - usual_t_ - squares_[2 * i]);
    squares_[2 * i + 1] += square_weights[i] * (q - usual_q_ - squares_[2 * i + 1]);
    last_[at++] = squares_[2 * i];
    last_[at++] = squares_[2 * i + 1];
  }
  for (std::size_t i = 0; i < vector_weights.size(); ++i) {
    double* v = vectors_.data() + i * variates_;
    const double w = vector_weights[i], unit = (2 - w) / w;
    for (std::size_t j = 0; j < variates_; ++j) v[j] += w * (canonical[j] - v[j]);
    last_[at++] = unit * squares(v, 0, states_);
    last_[at++] = unit * squares(v, states_, variates_);
  }
  return last_;
}

std::size_t cva_statistics::smoothing_of(std::size_t statistic) {
  const std::size_t first = 2 + 2 * square_weights.size();
  return statistic < first ? vector_weights.size() : (statistic - first) / 2;
}

void cva_statistics::save(writer& out) const {
  for (double v : squares_) out.put(v);
  for (double v : last_) out.put(v);
  put_vector(out, vectors_);
}

bool cva_statistics::load(reader& in) {
  for (double& v : squares_) v = in.get<double>();
  for (double& v : last_) v = in.get<double>();
  const std::size_t size = vectors_.size();
  return get_vector(in, vectors_) && vectors_.size() == size;
}

} // namespace tocsin
