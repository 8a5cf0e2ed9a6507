#include "core/equipment/report_records.hpp"

#include <algorithm>
#include <tuple>

#include "core/equipment/symptom_reporter.hpp"
#include "core/reported_symptom.hpp"

namespace tocsin {

std::shared_ptr<record_batch> records_of(const std::vector<symptom>& said, timestamp at) {
  auto batch = std::make_shared<record_batch>();
  batch->records.reserve(said.size());
  for (const symptom& s : said) {
    record r;
    r.kind = record_kind::equipment_said;
    r.at = at == unset ? s.at : at;
    r.peer = batch->keep(encode_reported(s));
    batch->records.push_back(r);
  }
  return batch;
}

void replay_reports(std::vector<symptom> said, timestamp latest, const std::function<void(std::shared_ptr<record_batch>)>& take) {
  std::ranges::stable_sort(said, [](const symptom& a, const symptom& b) {
    return std::tie(a.at, a.subject, a.kind) < std::tie(b.at, b.subject, b.kind);
  });
  symptom_reporter reporter;
  timestamp next = said.empty() ? never : said.front().at + repeat_every;
  const auto pass = [&](timestamp until) {
    for (; next <= until; next += repeat_every)
      if (auto again = reporter.repeat(next); !again.empty()) take(records_of(again));
  };
  for (const symptom& s : said) {
    pass(s.at - duration{1});
    take(records_of({s}));
    reporter.take({s});
  }
  pass(latest);
}

} // namespace tocsin
