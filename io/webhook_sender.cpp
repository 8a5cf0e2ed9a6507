// One attempt to deliver a notification by HTTP POST: to a webhook in its format, or into an Alertmanager.
#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "core/limits.hpp"
#include "io/alert_json.hpp"
#include "io/clock.hpp"
#include "io/http_post.hpp"
#include "io/sender.hpp"
#include "io/template_data.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

class http_sender : public sender {
public:
  http_sender(webhook_settings settings, labels_source book) : settings_(std::move(settings)), book_(std::move(book)) {}
  delivery send(const notification& n) final { return attempt(n, {}); }

protected:
  delivery post(const std::string& url, const std::string& type, const std::string& id, const attempt_info& info,
                const std::string& body) {
    const auto headers = notification_headers(settings_, id, info.at, body);
    // Whoever repairs the file in time still gets the notification.
    if (!headers) return {delivery::outcome_t::retry, headers.error().text, std::nullopt};
    return http_.send(settings_, url, type, *headers, body);
  }
  webhook_settings settings_;
  labels_source book_;

private:
  http_post http_;
};

class webhook_sender final : public http_sender {
public:
  using http_sender::http_sender;
  delivery attempt(const notification& n, const attempt_info& info) override {
    if (!settings_.payload_template.empty()) {
      const auto own = filled_json(settings_.payload_template, template_data(n, settings_.external_url, book_.get()));
      // Nobody who expects the house's own form can read another: whoever repairs the file still gets it.
      if (!own) return {delivery::outcome_t::retry, "payload_template " + own.error().text, std::nullopt};
      return post(settings_.url, "application/json", n.id, info, *own);
    }
    if (settings_.format == "cloudevents")
      return post(settings_.url, "application/cloudevents+json", n.id, info, cloud_event(n, settings_, book_.get()));
    return post(settings_.url, "application/json", n.id, info, alertmanager_webhook(n, settings_, book_.get()));
  }
};

/// Severity, cause and subject are labels and may change over an incident's life; an Alertmanager takes that for
/// another alert. So the one with the labels told before is ended.
class alertmanager_sender final : public http_sender {
public:
  using http_sender::http_sender;
  delivery attempt(const notification& n, const attempt_info& info) override {
    std::string url = settings_.url;
    while (url.ends_with('/')) url.pop_back();
    std::vector<label_set> ended;
    for_each_incident(n, [&](const incident& i) {
      if (const auto known = told_.find(i.id); known != told_.end() && known->second != alert_labels(i, book_.get()))
        ended.push_back(known->second);
    });
    const timestamp now = info.at == unset ? wall_clock() : info.at;
    const delivery out = post(url + "/api/v2/alerts", "application/json", n.id, info,
                              alertmanager_alerts(n, settings_, book_.get(), now, ended));
    if (out.outcome == delivery::outcome_t::delivered) for_each_incident(n, [&](const incident& i) { remember(i); });
    return out;
  }

private:
  template <class Visit>
  static void for_each_incident(const notification& n, Visit visit) {
    visit(n.about);
    for (const incident& i : n.more) visit(i);
  }
  void remember(const incident& i) {
    if (i.state == incident_state::closed) told_.erase(i.id);
    else if (told_.size() < limits::delivery_queue_max || told_.contains(i.id)) told_[i.id] = alert_labels(i, book_.get());
  }
  std::map<std::string, label_set> told_; ///< by incident id, while it is open
};

/// One event for each incident: what was taken is not sent again when a later one fails.
class pagerduty_sender final : public http_sender {
public:
  using http_sender::http_sender;
  delivery attempt(const notification& n, const attempt_info& info) override {
    using enum delivery::outcome_t;
    const auto key = read_secret(settings_.routing_key_file);
    if (!key) return {retry, "routing_key_file " + key.error().text, std::nullopt};
    std::vector<const incident*> all{&n.about};
    for (const incident& i : n.more) all.push_back(&i);
    if (!info.only.empty())
      std::erase_if(all, [&](const incident* i) { return std::ranges::find(info.only, i->id) == info.only.end(); });
    delivery out{delivered, "nothing was left to send", std::nullopt, false, {}, true};
    std::string refusals;
    for (std::size_t k = 0; k < all.size(); ++k) {
      const std::string id = k == 0 && all[k] == &n.about ? n.id : n.id + "#" + all[k]->id;
      out = post(settings_.url, "application/json", id, info, pagerduty_event(n, *all[k], settings_, book_.get(), *key));
      if (out.outcome == refused) refusals += (refusals.empty() ? "" : "; ") + one_line(all[k]->id, 100) + ": " + out.answer;
      if (out.outcome != retry) continue;
      for (std::size_t left = k; left < all.size(); ++left) out.remaining.push_back(all[left]->id);
      break;
    }
    if (out.outcome == retry || refusals.empty()) return out;
    return {refused, refusals.substr(0, 1000), std::nullopt, false, {}, true};
  }
};

} // namespace

std::unique_ptr<sender> make_webhook_sender(webhook_settings settings, labels_source book) {
  if (settings.format == "pagerduty") return std::make_unique<pagerduty_sender>(std::move(settings), std::move(book));
  return std::make_unique<webhook_sender>(std::move(settings), std::move(book));
}

std::unique_ptr<sender> make_alertmanager_sender(webhook_settings settings, labels_source book) {
  return std::make_unique<alertmanager_sender>(std::move(settings), std::move(book));
}

} // namespace tocsin
