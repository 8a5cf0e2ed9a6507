// Rule tests: records from a simulated fleet or a recording, orders in between, and the comparison.
#include "actors/rule_test_run.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>

#include "codecs/decoder.hpp"
#include "core/engine.hpp"
#include "core/limits.hpp"
#include "core/scenario_check.hpp"

namespace tocsin {

namespace {

/// Gives what happens up to and including a time, a part at a time; false: there is no more of it.
using record_source = std::function<bool(timestamp until, record_batch& out)>;

record_source from_plant(const scenario& s, duration shift) {
  auto made = plant::make(s.plant);
  auto fleet = std::make_shared<plant>(std::move(*made)); // parsing has tried it
  for (const fault& f : s.faults) (void)fleet->inject(f);
  return [fleet, shift](timestamp until, record_batch& out) {
    const bool more = fleet->next(until - shift, out, limits::batch_records_max);
    for (record& r : out.records) {
      r.at += shift;
      if (r.sent_at != unset) r.sent_at += shift;
    }
    return more;
  };
}

/// A recording, read block by block.
class recording {
public:
  recording(const std::string& path, std::unique_ptr<decoder> d) : file_(path, std::ios::binary), decoder_(std::move(d)) {
    fill();
  }
  timestamp first() const { return held_.records.empty() ? unset : held_.records.front().at; }

  bool take(timestamp until, record_batch& out) {
    if (next_ == held_.records.size()) fill();
    const std::size_t from = next_;
    while (next_ < held_.records.size() && held_.records[next_].at <= until) ++next_;
    const auto begin = held_.records.begin();
    out.records.assign(begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(next_));
    out.bytes = held_.bytes;
    return next_ == held_.records.size() && !over_;
  }

private:
  void fill() {
    held_ = {};
    next_ = 0;
    std::string block(256 * 1024, '\0');
    while (held_.records.empty() && !over_) {
      file_.read(block.data(), static_cast<std::streamsize>(block.size()));
      const auto n = static_cast<std::size_t>(file_.gcount());
      if (n > 0) decoder_->feed({block.data(), n}, unset, held_);
      else decoder_->finish(unset, held_);
      over_ = n == 0;
      decoder_->take_errors();
    }
  }

  std::ifstream file_;
  std::unique_ptr<decoder> decoder_;
  record_batch held_;
  std::size_t next_ = 0;
  bool over_ = false;
};

std::unique_ptr<decoder> decoder_for(const std::string& format, const settings& s) {
  if (format == "tibrvlisten") return make_tibrvlisten_decoder(s.replay_context);
  if (format == "rv-hex") return make_rv_hex_decoder(s.replay_context);
  return make_jsonl_decoder(s.replay_context, s.replay_mapping);
}

class runner {
public:
  runner(const settings& config, const rule_test& test)
      : test_(test), machines_(std::make_shared<const rule_book>(config.rules), config.alerting(), {}) {
    std::vector<std::string> names;
    if (test.input.empty()) {
      start_ = test.start;
      source_ = from_plant(test.story, start_ - scenario_start);
      for (const vantage_options& v : test.story.plant.vantages) names.push_back(v.name);
    } else {
      auto file = std::make_shared<recording>(test.input, decoder_for(test.format, config));
      start_ = file->first();
      source_ = [file](timestamp until, record_batch& out) { return file->take(until, out); };
      for (const source_settings& s : config.sources) names.push_back(s.name);
    }
    machines_.set_vantage_names(std::move(names));
  }

  rule_test_result run() {
    if (start_ == unset) return {{"the recording holds nothing that could be read"}, {}};
    for (const test_order& o : test_.orders) {
      pass(start_ + o.at);
      give(o);
    }
    timestamp until = never;
    if (test_.input.empty()) until = test_.story.until + (start_ - scenario_start);
    else if (test_.until > 0s) until = start_ + test_.until;
    pass(until);
    machines_.finish(told_);
    told_.symptoms.clear();
    for (incident& i : told_.incidents) i.at -= start_ - scenario_start;
    for (notification& n : told_.notifications) n.at -= start_ - scenario_start;
    for (std::string& wrong : check(test_.story, told_)) failures_.push_back(std::move(wrong));
    return {std::move(failures_), outline(told_)};
  }

private:
  void pass(timestamp until) {
    for (bool more = true; more;) {
      record_batch batch;
      more = source_(until, batch);
      machines_.feed(batch, told_);
      told_.symptoms.clear();
    }
    if (until != never) machines_.advance(until, told_);
  }

  /// The incident of an alarm that is open now; what is no alarm key is the id itself.
  std::string incident_of(const std::string& target) const {
    if (target.find(' ') == target.npos) return target;
    for (auto i = told_.incidents.rbegin(); i != told_.incidents.rend(); ++i)
      if (alarm_key(*i) == target) return i->state == incident_state::closed ? std::string{} : i->id;
    return {};
  }

  void refuse(const test_order& o, const std::string& why) {
    failures_.push_back("line " + std::to_string(o.line) + ": " + std::string{to_text(o.command.kind)} + " at " +
                        to_text(o.at) + "\n  but " + why);
  }

  void give(const test_order& o) {
    operator_command c = o.command;
    const timestamp at = start_ + o.at;
    if (o.from > 0s) c.from = start_ + o.from;
    if (o.until > 0s) c.until = start_ + o.until;
    if (o.lasts > 0s) c.until = std::max(at, c.from) + o.lasts;
    if (c.kind == command_kind::acknowledge || c.kind == command_kind::unacknowledge) {
      c.target = incident_of(c.target);
      if (c.target.empty()) return refuse(o, "no incident of '" + o.command.target + "' was open then");
    }
    if (c.kind == command_kind::silence && c.target.empty()) c.target = "test-" + std::to_string(o.line);
    const timestamp now = machines_.now() == unset ? at : machines_.now();
    if (auto ok = machines_.groups().alerts().accepts(c, now); !ok) return refuse(o, ok.error().text);
    record_batch batch;
    record& r = batch.records.emplace_back();
    r.kind = record_kind::operator_said;
    r.at = at;
    r.peer = batch.keep(encode(c));
    machines_.feed(batch, told_);
    machines_.advance(machines_.now(), told_); // obeyed now: the next order may build on it
  }

  const rule_test& test_;
  engine machines_;
  record_source source_;
  timestamp start_ = unset;
  story told_;
  std::vector<std::string> failures_;
};

} // namespace

rule_test_result run_rule_test(const settings& config, const rule_test& test) { return runner{config, test}.run(); }

} // namespace tocsin
