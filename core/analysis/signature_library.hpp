// Faults that were seen and named: how the channels deviated, kept to recognise the fault when it comes again.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/analysis/report.hpp"
#include "core/analysis/series.hpp"
#include "core/detectors/fault_signature.hpp"
#include "core/error.hpp"

namespace tocsin {

/// Rows of a series, first and last, counted from 0.
struct row_range {
  std::size_t first = 0, last = 0;
  std::size_t size() const { return last - first + 1; }
};
/// "120-180". Error invalid.
result<row_range> parse_row_range(const std::string& text);

struct kept_signature {
  fault_signature signature; ///< two numbers per channel: of its level, of its spread
  std::string captured_from; ///< file and rows
};

struct signature_library {
  static constexpr std::size_t name_bytes_max = 128;
  std::vector<std::string> channels;
  std::vector<kept_signature> known;
};

/// How `fault` differs from `normal`: for each channel the signed root of |median - median| / deviation, and of twice
/// |log ratio of the deviations|; 0 for what is within 4 standard errors. Roots, so that one large deviation does not hide
/// the others; their cosine still does not depend on the fault's size. Deviations are 1.4826 MAD.
/// Errors invalid: a range beyond the series, fewer than 8 rows, ranges that overlap, nothing deviates, a bad name.
result<fault_signature> capture_signature(const series& of, row_range fault, row_range normal, const std::string& name);

/// Adds it, or says why not: other channels, or too many.
result<void> add_signature(signature_library& to, const series& of, kept_signature added);

/// Channels that carry it, strongest first.
std::string carried_by(const fault_signature& signature, const std::vector<std::string>& channels);

report capture_report(const signature_library& library, const kept_signature& added);
/// Every name with its best similarity; the fact `recognised` is the name, or nothing. Error invalid: other channels.
result<report> recognise_report(const signature_library& library, const series& of, const fault_signature& seen);
report library_report(const signature_library& library);

} // namespace tocsin
