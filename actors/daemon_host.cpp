#include "actors/daemon_host.hpp"

#include <algorithm>

#include "codecs/journal_codec.hpp"
#include "io/log.hpp"

namespace tocsin {

daemon& daemon_host::adopt(daemon fresh) {
  subjects_.push_back(make_hosted(self_, std::move(fresh)));
  daemon& machine = hosted<daemon>(subjects_.back()).machine();
  subject_of_.emplace(&machine, subjects_.size() - 1);
  return machine;
}

daemon& daemon_host::replace(daemon& broken, daemon fresh, const std::string& why) {
  const auto at = subject_of_.find(&broken);
  const std::size_t number = at->second;
  log::error("subject_restarted", {{"subject", broken.subject()}, {"reason", why}});
  subject_of_.erase(at);
  hosted<daemon>(subjects_[number]).end(why, self_->context());
  subjects_[number] = make_hosted(self_, std::move(fresh));
  daemon& machine = hosted<daemon>(subjects_[number]).machine();
  subject_of_.emplace(&machine, number);
  return machine;
}

void daemon_host::quarantine(const record& r, const std::string& why, const caf::actor& recorder) {
  log::error("record_quarantined", {{"subject", subject_of(r.host, r.service)}, {"reason", why}});
  if (!recorder) return;
  record_batch one;
  one.records.push_back(r);
  self_->send(recorder, quarantined{r.at, subject_of(r.host, r.service), decode_error{0, errc::quarantined, why, encode_records(one, 0, 1)}});
}

void daemon_host::end_all(const std::string& why) {
  for (auto& s : subjects_) hosted<daemon>(s).end(why, self_->context());
  subjects_.clear();
  subject_of_.clear();
}

caf::result<caf::actor> daemon_host::handle_of(daemon_table& table, const find_daemon& which) const {
  const daemon* found = table.find(which.host, which.service);
  const auto at = subject_of_.find(found);
  if (!found || at == subject_of_.end()) return caf::sec::invalid_argument;
  return caf::actor_cast<caf::actor>(subjects_[at->second]);
}

caf::result<status_ptr> daemon_host::answer(hosted_message& m) const {
  auto& subject = hosted<daemon>(m.to);
  if (subject.ended()) return subject.fail_state();
  if (m.what.match_elements<describe>()) return std::make_shared<const daemon_status>(subject.machine().status());
  return caf::sec::unexpected_message;
}

void daemon_host::count(const daemon_table& table, node_metrics& m) {
  const auto& totals = table.totals();
  m.daemons += table.size() - daemons_reported_;
  m.daemons_refused += totals.refused - reported_.refused;
  m.subject_restarts += totals.restarts - reported_.restarts;
  m.records_quarantined += totals.quarantined - reported_.quarantined;
  daemons_reported_ = table.size();
  reported_ = totals;
}

daemon_list daemon_host::list(const daemon_table& table, const list_daemons& question) {
  daemon_list out;
  out.known = table.size();
  std::vector<const daemon*> matching;
  table.for_each([&](const daemon& d) {
    if (!question.host.empty() && d.host() != question.host) return;
    if (!question.state.empty() && to_text(d.status().state) != question.state) return;
    matching.push_back(&d);
  });
  out.total = matching.size();
  // The first of each shard by subject: among them are those of any page up to `from + most`.
  const auto wanted = std::min(question.from + question.most, matching.size());
  std::partial_sort(matching.begin(), matching.begin() + static_cast<std::ptrdiff_t>(wanted), matching.end(),
                    [](const daemon* a, const daemon* b) { return a->subject() < b->subject(); });
  for (std::size_t i = 0; i < wanted; ++i) out.daemons.push_back(std::make_shared<const daemon_status>(matching[i]->status()));
  return out;
}

} // namespace tocsin
