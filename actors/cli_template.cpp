// tocsin template: what a receiver would get about an incident, and what is wrong with templates.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/cli.hpp"
#include "codecs/notification_json.hpp"
#include "io/clock.hpp"
#include "io/sender.hpp"
#include "io/template_data.hpp"

namespace tocsin::cli {

namespace {

constexpr std::size_t incident_bytes_max = 1 << 20;

/// A notification, an incident, or an answer of the API that holds one.
result<notification> read_notification(const std::string& path, const std::string& receiver) {
  if (path == "sample") return sample_notification(receiver);
  std::ifstream in{path, std::ios::binary};
  if (!in) return fail(errc::io, path + ": cannot be read");
  std::string text(incident_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > incident_bytes_max) return fail(errc::too_large, path + ": larger than a megabyte");
  if (auto whole = parse_notification(text)) {
    whole->receiver = receiver;
    return whole;
  }
  auto one = parse_incident(text);
  if (!one) return fail(errc::malformed, path + ": neither an incident nor a notification: " + one.error().text);
  notification n{one->at, one->id + "." + std::to_string(one->revision) + "@" + receiver, receiver,
                 one->state == incident_state::closed ? "closed" : "opened", *one};
  return n;
}

void print(const char* title, const std::string& text) {
  std::printf("%s%s%s\n", title, text.c_str(), text.ends_with('\n') ? "" : "\n");
}

int preview_mail(const receiver_settings& r, const notification& n, const rule_book* book) {
  const auto own = mail_texts_of(n, r.mail, book);
  if (!own) {
    std::fprintf(stderr, "%s\n", own.error().text.c_str());
    return problem;
  }
  const mail_texts texts = final_texts(n, r.mail, *own);
  print("Subject: ", texts.subject);
  print("-- text --\n", texts.text);
  print("-- html --\n", texts.html);
  return done;
}

int preview_http(const receiver_settings& r, const notification& n, const rule_book* book) {
  const webhook_settings& w = r.kind == "webhook" ? r.webhook : r.alertmanager;
  std::string body;
  if (r.kind == "alertmanager") {
    body = alertmanager_alerts(n, w, book, wall_clock());
  } else if (!w.payload_template.empty()) {
    const auto own = filled_json(w.payload_template, template_data(n, w.external_url, book));
    if (!own) {
      std::fprintf(stderr, "%s\n", own.error().text.c_str());
      return problem;
    }
    body = *own;
  } else if (w.format == "cloudevents") {
    body = cloud_event(n, w, book);
  } else if (w.format == "pagerduty") {
    body = pagerduty_event(n, n.about, w, book, "(routing key)");
  } else {
    body = alertmanager_webhook(n, w, book);
  }
  std::printf("%s\n", nlohmann::ordered_json::parse(body).dump(2).c_str());
  return done;
}

} // namespace

int preview_template(const template_command& c) {
  const auto s = load_or_complain(c.config);
  if (!s) return usage;
  const receiver_settings* found = nullptr;
  std::string names;
  for (const receiver_settings& r : s->receivers) {
    if (r.rule.name == c.receiver) found = &r;
    names += (names.empty() ? "" : ", ") + r.rule.name;
  }
  if (!found) {
    std::fprintf(stderr, "no receiver is called '%s'; there is: %s\n", c.receiver.c_str(), names.empty() ? "none" : names.c_str());
    return usage;
  }
  const auto n = read_notification(c.incident, c.receiver);
  if (!n) {
    std::fprintf(stderr, "%s\n", n.error().text.c_str());
    return problem;
  }
  return found->kind == "mail" ? preview_mail(*found, *n, &s->rules) : preview_http(*found, *n, &s->rules);
}

std::vector<config_problem> template_problems(const settings& s) {
  std::vector<config_problem> out;
  for (const receiver_settings& r : s.receivers)
    for (const template_problem& p : check_templates(r.mail, r.webhook)) {
      config_problem c;
      const std::size_t colon = p.text.find(':'), second = p.text.find(':', colon + 1);
      c.file = p.text.substr(0, colon);
      c.is_error = p.is_error;
      c.text = p.text.substr(std::min(colon + 2, p.text.size()));
      if (second != std::string::npos && std::sscanf(p.text.c_str() + colon + 1, "%d", &c.line) == 1) {
        c.column = 1;
        c.text = p.text.substr(std::min(second + 2, p.text.size()));
      }
      c.remedy = "it is a template of receiver " + r.rule.name + "; look at it with `tocsin template preview`";
      out.push_back(std::move(c));
    }
  return out;
}

} // namespace tocsin::cli
