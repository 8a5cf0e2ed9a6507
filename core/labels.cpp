// What the subject, the group and the inventory say about an incident, as labels.
#include "core/labels.hpp"

#include <algorithm>

namespace tocsin {

namespace {

/// "7500" and ";239.1.1.1" of "7500/;239.1.1.1"; a network may hold slashes, a service may not.
std::pair<std::string_view, std::string_view> split_at_slash(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return {text, {}};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

class labels {
public:
  /// The first one wins.
  void add(std::string_view name, std::string_view value) {
    if (!value.empty() && value_of(name).empty()) all_.emplace_back(name, value);
  }
  void add_segment(std::string_view group) {
    if (!group.starts_with("segment/")) return;
    const auto [service, network] = split_at_slash(group.substr(8));
    add("service", service);
    add("network", network);
  }
  label_set take() && {
    std::sort(all_.begin(), all_.end());
    return std::move(all_);
  }

private:
  std::string_view value_of(std::string_view name) const {
    for (const auto& [n, v] : all_)
      if (n == name) return v;
    return {};
  }
  label_set all_;
};

bool is_ours(std::string_view name) {
  return std::find(own_labels.begin(), own_labels.end(), name) != own_labels.end();
}

} // namespace

label_set labels_of(const incident& i, const rule_book* rules) {
  labels out;
  out.add("alertname", to_text(i.because.kind));
  out.add("severity", to_text(i.level));
  out.add("incident", i.id);
  out.add("subject", i.because.subject);
  out.add("group", i.group);
  const std::string_view subject = i.because.subject;
  if (subject.starts_with("rvd/")) {
    const auto [host, service] = split_at_slash(subject.substr(4));
    out.add("host", host);
    out.add("service", service);
    out.add_segment(i.group);
    if (const expected_daemon* e = rules ? rules->expected(host, service) : nullptr)
      for (const auto& [name, value] : e->labels)
        if (!is_ours(name)) out.add(name, value);
  } else if (subject.starts_with("host/")) {
    out.add("host", subject.substr(5));
  } else if (subject.starts_with("vantage/")) {
    out.add("vantage", subject.substr(8));
  } else {
    out.add_segment(subject);
  }
  return std::move(out).take();
}

std::string_view value_of(const label_set& labels, std::string_view name) {
  const auto found =
      std::lower_bound(labels.begin(), labels.end(), name,
                       [](const auto& l, std::string_view n) { return l.first < n; });
  return found != labels.end() && found->first == name ? std::string_view{found->second}
                                                       : std::string_view{};
}

} // namespace tocsin
