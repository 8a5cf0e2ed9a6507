// What the journal or a shared input says about an incident: the records that speak of its subjects, and the verdict made again from them.
#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "actors/explanation.hpp"
#include "core/engine.hpp"
#include "core/limits.hpp"
#include "core/partition.hpp"
#include "core/reported_symptom.hpp"
#include "core/saturating.hpp"
#include "io/kafka_history.hpp"

namespace tocsin {

namespace {

using json = nlohmann::ordered_json;
constexpr duration shortly_before = 15min;

/// Does a record speak of the incident? Segments and hosts by their members.
class concern {
public:
  concern(const incident& i, const std::vector<std::string>& vantages) : subjects_(i.members.begin(), i.members.end()) {
    subjects_.insert(i.because.subject);
    for (std::size_t n = 0; n < vantages.size() && n < limits::vantages_max; ++n)
      if (i.because.subject == "vantage/" + vantages[n]) vantage_ = static_cast<int>(n);
    by_sight_ = i.because.kind == cause_kind::sight_lost;
    if (i.because.subject.starts_with("receiver/")) receiver_ = i.because.subject.substr(9);
  }
  bool has(const record& r) const {
    if (r.kind == record_kind::sight_lost || r.kind == record_kind::sight_regained)
      return by_sight_ && (vantage_ < 0 || vantage_ == r.vantage);
    if (r.kind == record_kind::operator_said) return !receiver_.empty() && r.peer.find(receiver_) != r.peer.npos;
    if (r.kind == record_kind::equipment_said) {
      const auto s = decode_reported(r.peer);
      return s && subjects_.contains(s->subject);
    }
    if (r.host.empty()) return false;
    return subjects_.contains(subject_of(r.host, r.service)) || subjects_.contains("host/" + std::string{r.host});
  }

private:
  std::set<std::string> subjects_;
  std::string receiver_;
  int vantage_ = -1;
  bool by_sight_ = false;
};

json view(const record& r, std::uint64_t offset) {
  json out{{"offset", offset}, {"at", to_rfc3339(r.at)}, {"kind", to_text(r.kind)}};
  if (!r.host.empty()) out["subject"] = subject_of(r.host, r.service);
  if (r.kind == record_kind::equipment_said) {
    if (const auto s = decode_reported(r.peer)) {
      out["subject"] = s->subject;
      out["symptom"] = to_text(s->kind);
      out["state"] = to_text(s->state);
    }
  } else if (!r.peer.empty() && r.kind != record_kind::operator_said) {
    out["peer"] = r.peer;
  }
  if (r.kind == record_kind::sight_regained && r.reliability_s > 0) out["values"]["speaks_again_within_s"] = r.reliability_s;
  for (std::size_t c = 0; c < counter_count; ++c)
    if (const auto name = static_cast<counter>(c); r.has(name)) out["values"][std::string{to_text(name)}] = r.get(name);
  return out;
}

/// The newest before it began and the first since then, whatever order they come in.
class nearest {
public:
  explicit nearest(timestamp since) : since_(since) {}
  /// `view` is asked only if its record may be shown: of a long incident there are millions.
  template <class View>
  void add(timestamp at, View view) {
    auto& side = at <= since_ ? before_ : after_;
    if (side.size() == half && (at <= since_ ? at < side.begin()->first : at >= side.rbegin()->first)) {
      ++left_out_;
      return;
    }
    side.emplace(at, view());
    if (side.size() <= half) return;
    side.erase(at <= since_ ? side.begin() : std::prev(side.end()));
    ++left_out_;
  }
  void give(json& out) {
    for (auto* side : {&before_, &after_})
      for (auto& [at, record] : *side) out["records"].push_back(std::move(record));
    out["left_out"] = left_out_;
  }

private:
  static constexpr std::size_t half = limits::explain_records_max / 2;
  timestamp since_;
  std::multimap<timestamp, json> before_, after_;
  std::uint64_t left_out_ = 0;
};

/// The records that speak of an incident. Of those that say every other second that somebody sees only the last before anything else
/// counts: when it was not followed by another.
class findings {
public:
  explicit findings(timestamp since) : found_(since) {}
  template <class View>
  void add(const record& r, std::int32_t partition, View view) {
    if (r.kind != record_kind::sight_regained && r.kind != record_kind::sight_lost) return found_.add(r.at, view);
    const auto who = std::pair{partition, r.vantage};
    const auto last = signs_.find(who);
    const bool promises = r.kind == record_kind::sight_regained && r.reliability_s > 0;
    if (last != signs_.end() && (!promises || between(last->second.at, r.at) > from_seconds(last->second.within_s))) {
      flush(last->second);
      signs_.erase(last);
    }
    if (promises) signs_[who] = {r.at, r.reliability_s, view()};
    else found_.add(r.at, view);
  }
  void give(json& out) {
    for (auto& [who, last] : signs_) flush(last);
    found_.give(out);
  }

private:
  struct sign {
    timestamp at;
    float within_s;
    json seen;
  };
  void flush(sign& s) {
    found_.add(s.at, [&] { return std::move(s.seen); });
  }
  nearest found_;
  std::map<std::pair<std::int32_t, std::uint8_t>, sign> signs_; ///< the last of each, not yet among those found
};

/// Of the daemons that the incident speaks of.
std::set<std::string> hosts_of(const incident& i) {
  std::set<std::string> hosts;
  const auto add = [&](std::string_view subject) {
    for (const std::string_view kind : {"rvd/", "host/"})
      if (subject.starts_with(kind)) {
        subject.remove_prefix(kind.size());
        hosts.emplace(subject.substr(0, subject.find('/')));
        return;
      }
  };
  add(i.because.subject);
  for (const std::string& m : i.members) add(m);
  return hosts;
}

json evidence_of_input(const explain_question& q, const incident& i) {
  json out{{"records", json::array()}, {"complete", false}};
  static std::mutex reading;
  const std::unique_lock<std::mutex> lock{reading, std::try_to_lock};
  if (!lock) return out["error"] = "the input is being read for another question; ask again when it is answered", out;
  const source_settings& s = *q.input;
  kafka_history_question wanted;
  std::set<std::int32_t> partitions;
  for (const std::string& host : hosts_of(i)) {
    const std::string key = input_key(host);
    partitions.insert(partition_of(key, static_cast<std::int32_t>(s.kafka.partitions)));
    wanted.keys.insert(key);
  }
  if (partitions.empty() && i.because.kind != cause_kind::sight_lost) { // of equipment and of ourselves the input says nothing
    out["complete"] = true;
    return out;
  }
  if (partitions.empty()) partitions.insert(0); // what is said of sight is said in every one
  wanted.partitions.assign(partitions.begin(), partitions.end());
  wanted.from = earlier(i.since, shortly_before);
  wanted.until = i.at;
  const concern about{i, q.vantage_names};
  findings found{i.since};
  const auto end = read_kafka_history(s, wanted, [&](const record& r, const kafka_history_place& place) {
    if (r.at > i.at || !about.has(r)) return;
    found.add(r, place.partition, [&] {
      json seen = view(r, static_cast<std::uint64_t>(place.offset));
      seen["partition"] = place.partition;
      return seen;
    });
  });
  found.give(out);
  if (!end) out["error"] = end.error().text;
  else if (!end->complete) out["error"] = s.kafka.topics.front() + ": " + end->why;
  else out["complete"] = true;
  return out;
}

} // namespace

json evidence_records(const explain_question& q, const incident& i) {
  if (q.input) return evidence_of_input(q, i);
  json out{{"records", json::array()}, {"complete", true}};
  const auto start = q.disk->offset_at(earlier(i.since, shortly_before));
  if (!start) return out["error"] = start.error().text, out;
  const concern wanted{i, q.vantage_names};
  findings found{i.since};
  std::uint64_t looked_at = 0;
  const auto read = q.disk->replay_while(*start, [&](record_batch&& b) {
    for (std::size_t n = 0; n < b.records.size(); ++n) {
      const record& r = b.records[n];
      if (r.at > i.at) return false;
      if (++looked_at > limits::explain_scan_max) {
        out["complete"] = false;
        return false;
      }
      if (wanted.has(r)) found.add(r, 0, [&] { return view(r, b.first_offset + n); });
    }
    return true;
  });
  if (!read) out["error"] = read.error().text;
  found.give(out);
  return out;
}

json recomputed(const explain_question& q, const incident& i, const std::string& judged_by) {
  if (q.input) return {{"agrees", false}, {"text", "not judged again: several nodes share the input, and this node's journal has none of it"}};
  engine machines{q.rules, *q.alerting, engine::options{}};
  machines.set_vantage_names(q.vantage_names);
  std::uint64_t records = 0, first = 0;
  std::optional<incident> same, newest;
  story told;
  const auto look = [&] {
    for (incident& one : told.incidents)
      if (one.id == i.id) {
        if (one.revision == i.revision) same = one;
        newest = std::move(one);
      }
    told = {};
  };
  const auto read = q.disk->replay_while(0, [&](record_batch&& b) {
    if (records == 0) first = b.first_offset;
    records += b.records.size();
    machines.feed(b, told);
    look();
    return !same;
  });
  if (!same && machines.now() != unset && i.at > machines.now()) machines.advance(i.at, told);
  if (!same) machines.finish(told);
  look();
  json out{{"agrees", false}, {"from_offset", first}, {"records", records}, {"version", q.rules->version}};
  std::string perhaps;
  if (first > 0) perhaps = "; the journal begins at offset " + std::to_string(first) + ", what was before is trimmed";
  if (judged_by != q.rules->version)
    perhaps += "; it was judged by rules " + (judged_by.empty() ? std::string{"that are not known"} : judged_by) + ", these are " + q.rules->version;
  if (!read) out["text"] = read.error().text;
  else if (!newest) out["text"] = "differs: the machines do not say " + i.id + perhaps;
  else if (!same) out["text"] = "differs: revision " + std::to_string(newest->revision) + " is the newest, not " + std::to_string(i.revision) + perhaps;
  else if (same->state != i.state) out["text"] = "differs: state is " + std::string{to_text(same->state)} + perhaps;
  else if (same->level != i.level) out["text"] = "differs: severity is " + std::string{to_text(same->level)} + perhaps;
  else if (same->because.kind != i.because.kind || same->because.subject != i.because.subject)
    out["text"] = "differs: cause is " + std::string{to_text(same->because.kind)} + " of " + same->because.subject + perhaps;
  else {
    out["agrees"] = true;
    out["text"] = "agrees";
  }
  return out;
}

} // namespace tocsin
