// What a window says of its values. Sums are taken of differences to a value nearby, so that nothing is lost to cancellation.
#pragma once

#include <cmath>
#include <cstdint>

namespace tocsin {

/// Count, extremes and the first moments of values and of their times. Cost per value: some 10 additions. 72 bytes.
struct aggregate {
  std::uint64_t count = 0;
  double least = 0, most = 0;
  double sum = 0, squares = 0;  ///< of value - shift
  double times = 0, time_squares = 0, products = 0; ///< of seconds since the pane's start, with the above

  void add(double value, double shift, double seconds) {
    const double d = value - shift;
    least = count == 0 || value < least ? value : least;
    most = count == 0 || value > most ? value : most;
    ++count;
    sum += d;
    squares += d * d;
    times += seconds;
    time_squares += seconds * seconds;
    products += seconds * d;
  }
  /// `later`: seconds from this one's start to the other's. Both have the same shift.
  void merge(const aggregate& o, double later) {
    if (o.count == 0) return;
    const double n = static_cast<double>(o.count);
    least = count == 0 || o.least < least ? o.least : least;
    most = count == 0 || o.most > most ? o.most : most;
    count += o.count;
    sum += o.sum;
    squares += o.squares;
    times += o.times + later * n;
    time_squares += o.time_squares + 2 * later * o.times + later * later * n;
    products += o.products + later * o.sum;
  }
  double mean(double shift) const { return shift + sum / static_cast<double>(count); }
  /// Of the population.
  double deviation() const {
    const double n = static_cast<double>(count), m = sum / n, variance = squares / n - m * m;
    return variance > 0 ? std::sqrt(variance) : 0;
  }
  /// Least squares, per second; 0 when all values are of one moment.
  double slope() const {
    const double n = static_cast<double>(count), spread = time_squares - times * times / n;
    return spread > 1e-12 * (1 + time_squares) ? (products - times * sum / n) / spread : 0;
  }
};

} // namespace tocsin
