// What the node says of itself: a receiver, the canary or the beat that fails is an incident like any other.
#include <algorithm>

#include "core/alerting.hpp"
#include "core/group_state.hpp"

namespace tocsin {

namespace {

struct self_texts {
  std::string subject, failing, over;
};

self_texts texts_of(const operator_command& c) {
  const std::string why = c.comment.empty() ? "" : ": " + c.comment;
  if (c.kind == command_kind::receiver_failing || c.kind == command_kind::receiver_works)
    return {"receiver/" + c.target, "Receiver " + c.target + " cannot be reached" + why, "Receiver " + c.target + " could not be reached for "};
  return {"self/" + c.target, "Tocsin's own " + c.target + " fails" + why, "Tocsin's own " + c.target + " failed for "};
}

} // namespace

/// Told by the other receivers, when it is about one.
void alerting::judge_self(const operator_command& c, timestamp at, story& out) {
  const self_texts texts = texts_of(c);
  const auto open = std::ranges::find_if(incidents_, [&](const auto& one) {
    const incident& i = one.second.latest;
    return i.because.subject == texts.subject && i.state != incident_state::closed;
  });
  const bool failing = c.kind == command_kind::receiver_failing || c.kind == command_kind::self_failing;
  if (failing == (open != incidents_.end())) return;
  incident i{};
  if (failing) {
    i.id = incident_id("self", texts.subject.substr(0, texts.subject.find('/')), texts.subject, at, at);
    i.state = incident_state::opened;
    i.level = severity::critical;
    i.because = {cause_kind::self_check, texts.subject, 1};
    i.title = texts.failing;
    i.group = "self";
    i.members = {texts.subject};
    i.member_count = 1;
    i.since = at;
  } else {
    i = open->second.latest;
    i.state = incident_state::closed;
    i.title = texts.over + to_text(std::chrono::floor<std::chrono::seconds>(at - i.since));
    i.until = at;
  }
  i.at = at;
  ++i.revision;
  apply(i, out);
  out.incidents.push_back(std::move(i));
}

} // namespace tocsin
