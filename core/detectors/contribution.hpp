// Which channel carries a verdict, and how much of it.
#pragma once

#include <cstddef>

namespace tocsin {

struct contribution {
  std::size_t channel = 0;
  double share =
      0; ///< 0 to 1; the shares of one verdict add up to 1, or are all 0 when nothing deviates
};

} // namespace tocsin
