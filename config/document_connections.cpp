// The keys of what tocsin is connected to: sources, formats, inventory, receivers.
#include "config/document.hpp"
#include "config/forms.hpp"
#include "core/line_plant.hpp"

namespace tocsin {

using keys::section;

section describe(json_mapping& m) {
  section s;
  s.definition = "jsonl";
  s.text("at", m.at, "Path of the time of record; dots lead into objects.", forms::not_empty);
  s.choice("at_unit", m.at_unit, {"auto", "s", "ms", "us", "ns"},
           "`auto`: RFC 3339 text or Unix seconds; else a number of that unit since 1970.");
  s.text("subject", m.subject, "Path of the RV subject; \"\" = every line is a heartbeat.");
  s.text("message", m.message, "Path of the object that holds the fields; \"\" = the line itself.");
  s.text_map(
      "fields", m.fields,
      "RV field name to the name in your JSON, for fields that are named differently: "
      "hostaddr, service, network, ver, time, rli, client_limit, up, cc, ms, bs, mr, br, ps, "
      "pr, rx, pm, idl, odl, irrs, orrs, lost.");
  return s;
}

namespace {

section describe(line_settings& l) {
  section s;
  s.whole("units", l.units, 1, line_options::units_max, "Units of equipment: etch1, cvd1, implant1, clean1, etch2 …").unit("units");
  s.whole("channels", l.channels, 1, line_options::channels_max,
          "Channels of each: pressure, gas_flow, rf_power, temperature, dc_bias, throttle, helium, coolant, sensor9 …")
      .unit("channels");
  s.span("interval", l.interval, 1ms, 1h, "Between two readings of a channel.");
  s.texts("faults", l.faults,
          "What goes wrong, as in `step etch1.pressure 4 sd at 2m for 1m every 10m`: spike, step, drift, oscillation, intermittent "
          "(in sd of the noise), noise, gain (`3 times`), stuck; `at` since the start, `every` again.",
          forms::line_fault);
  return s;
}

} // namespace

section describe(source_settings& s) {
  section keys;
  keys.text("name", s.name, "Unique; names the vantage point in incidents.", forms::simple_name)
      .required();
  keys.choice("kind", s.kind, {"rv", "jsonl", "tibrvlisten", "samples", "kafka", "plant", "line"},
              "`rv`: client of an RV daemon. `jsonl`: JSON lines. `tibrvlisten`: its text output. "
              "`samples`: sensor readings and events as JSON lines or CSV. `kafka`: topics of a Kafka cluster. "
              "`plant`: a simulated fleet. `line`: a simulated line of equipment.")
      .required();
  keys.text("daemon", s.daemon, "TCP address of the RV daemon.", forms::host_port).only_for({"rv"});
  keys.texts("listen", s.listen, "RV subjects to listen to.", forms::rv_subject).only_for({"rv"});
  keys.text("user", s.user, "Label shown on the daemon's client page.").only_for({"rv"});
  section reconnect;
  reconnect.span("min", s.reconnect_min, 10ms, 1h, "Pause before the first new attempt.");
  reconnect.span("max", s.reconnect_max, 10ms, 24h, "Longest pause; it doubles up to this.");
  keys.group("reconnect", std::move(reconnect), "Pauses between attempts to connect.")
      .only_for({"rv"});
  keys.text("path", s.path, "File to read; `-` = standard input.", forms::not_empty)
      .only_for({"jsonl", "tibrvlisten", "samples"});
  keys.text("address", s.address, "TCP address to listen on instead of reading `path`.",
            forms::listen_address_or_none)
      .only_for({"jsonl", "tibrvlisten", "samples"});
  keys.choice("time", s.time, {"arrival", "message"},
              "`arrival`: the moment of reading, of Kafka the timestamp of its record. `message`: the time the record says.");
  keys.group("samples", describe(s.samples), "Which fields mean what; starts from formats.samples.").only_for({"samples", "kafka"});
  keys.group("jsonl", describe(s.mapping),
             "Which JSON fields mean what; starts from formats.jsonl.")
      .only_for({"jsonl", "kafka"});
  keys.text("service", s.context.service,
            "rv: the service to join. Others: the service of messages that do not say theirs.",
            forms::service);
  keys.text("network", s.context.network,
            "rv: the network to join. Others: the network of messages that do not say theirs.",
            forms::network);
  keys.text("presenter", s.context.daemon_host,
            "Host of the daemon that presents DATALOSS and RETRANSMISSION advisories; \"\" = "
            "unknown, for rv: the one we are connected to.",
            forms::host_or_none);
  keys.whole("daemons", s.plant_daemons, 1, 100'000, "Size of the simulated fleet.")
      .unit("daemons")
      .only_for({"plant"});
  describe_kafka(s, keys);
  keys.whole("seed", s.plant_seed, 0, UINT64_MAX, "The same seed gives the same plant, or the same line.")
      .only_for({"plant", "line"});
  keys.group("line", describe(s.line), "The simulated line.").only_for({"line"});
  return keys;
}

section describe(expected_daemon& e) {
  section s;
  s.text("host", e.host, "Host address the daemon reports.", forms::host).required();
  s.text("service", e.service, "RV service.", forms::service);
  s.text("network", e.network, "RV network string, for the segment it belongs to.", forms::network);
  s.whole("client_limit", e.client_limit, 0, 10'000'000, "Clients it can take; 0 = by the rules.")
      .unit("clients");
  s.text_map("labels", e.labels, "Area, line, team …: shown with the daemon, and matched by routes as labels of its incidents.");
  return s;
}

namespace {

section describe(mail_settings& m) {
  section s;
  s.text("server", m.server, "SMTP server.", forms::host_port).required();
  s.choice("security", m.security, {"none", "starttls", "tls"},
           "`starttls` (refused without) or `tls` from the start; `none` sends in clear.");
  s.text("user", m.user, "Account; \"\" = no authentication.");
  s.text("password_file", m.password_file, "File that holds the account's password.");
  s.text("from", m.from, "Sender.", forms::mail_address).required();
  s.texts("to", m.to, "Recipients.", forms::mail_address).required();
  s.text("ca_file", m.ca_file, "Certificates to trust (PEM); \"\" = the system's.");
  s.text("subject_template", m.subject_template, "File with a Mustache template of the subject; \"\" = the built-in one.");
  s.text("text_template", m.text_template, "The same for the plain text.");
  s.text("html_template", m.html_template, "The same for the HTML; values are escaped.");
  s.span("timeout", m.timeout, 1s, 10min, "For one attempt.");
  return s;
}

/// What every receiver by HTTP needs.
section http_keys(webhook_settings& w, std::string_view url_doc) {
  section s;
  s.text("url", w.url, url_doc, forms::http_url).required();
  s.flag("allow_private", w.allow_private,
         "Whether the address may be loopback, private, link-local or a cloud's metadata service. "
         "Judged by the address that is connected to, whatever the name.");
  s.text("ca_file", w.ca_file, "Certificates to trust (PEM); \"\" = the system's.");
  s.text("bearer_file", w.bearer_file, "File that holds a token for `Authorization: Bearer`.");
  s.text("client_certificate", w.client_certificate, "Certificate to show (PEM), with client_key.");
  s.text("client_key", w.client_key, "Its private key (PEM).");
  s.span("timeout", w.timeout, 1s, 10min, "For one attempt.");
  return s;
}

section describe(webhook_settings& w) {
  section s = http_keys(w, "Where the notification is posted to.");
  s.choice("format", w.format, {"alertmanager", "cloudevents", "pagerduty"},
           "`alertmanager`: its webhook message, version 4. `cloudevents`: CloudEvents 1.0, "
           "structured. `pagerduty`: Events API v2, one event for each incident.");
  s.texts("secret_files", w.secret_files,
          "Files with Standard Webhooks secrets (`whsec_` and base64): the request is signed with "
          "each. Two while one replaces the other; none = unsigned.");
  s.text("routing_key_file", w.routing_key_file,
         "File that holds the integration's routing key; for `pagerduty`.");
  s.whole("max_alerts", w.max_alerts, 0, 10'000,
          "At most so many incidents in one message, the rest is counted; 0 = all. For "
          "`alertmanager`.")
      .unit("incidents");
  s.text("payload_template", w.payload_template,
         "File with a Mustache template of a JSON body instead of `format`'s; \"\" = none. Only with format `alertmanager`.");
  return s;
}

section describe_alertmanager(webhook_settings& w) {
  return http_keys(w, "Address of the Alertmanager, without /api/v2/alerts.");
}

section describe_breaker(delivery_rules& d) {
  section s;
  s.whole("failures", d.breaker_failures, 0, 1000,
          "Failures in a row after which the receiver is left alone; 0 = never.");
  s.span("pause", d.breaker_pause, 100ms, 1h, "Until it is tried again with one notification; doubles each time.");
  s.span("pause_max", d.breaker_pause_max, 100ms, 24h, "The longest pause.");
  return s;
}

section describe_flood(flood_rule& f) {
  section s;
  s.whole("start", f.start, 0, 1000, "More notifications than that within `window` begin a flood; 0 = never.").unit("notifications");
  s.whole("end", f.end, 0, 1000, "Fewer than that within `window` end it.").unit("notifications");
  s.span("window", f.window, 1min, 24h, "What start and end are counted in.");
  s.span("digest_every", f.digest_every, 1s, 1h, "While the flood lasts: one digest so often instead.");
  return s;
}

} // namespace

section describe(receiver_settings& r) {
  section s;
  s.text("name", r.rule.name, "Unique; stands in the ledger of notifications.", forms::simple_name)
      .required();
  s.choice("kind", r.kind, {"mail", "webhook", "alertmanager"},
           "`mail`: by SMTP. `webhook`: by HTTP POST. `alertmanager`: into a Prometheus Alertmanager.")
      .required();
  s.choice("least", r.rule.least, {"info", "warning", "critical"},
           "Incidents below this severity are not sent.");
  s.flag("send_closed", r.rule.send_closed, "Whether the end of an incident is sent.");
  s.group("mail", describe(r.mail), "How and to whom mail is sent.").required().only_for({"mail"});
  s.group("webhook", describe(r.webhook), "Where incidents are posted to.")
      .required()
      .only_for({"webhook"});
  s.group("alertmanager", describe_alertmanager(r.alertmanager), "The Alertmanager that takes them.")
      .required()
      .only_for({"alertmanager"});
  s.group("flood", describe_flood(r.rule.flood),
          "What is too much for a person becomes one digest (ISA-18.2: more than 10 in 10 minutes). Not for `alertmanager`.");
  s.text("rate_limit", r.rate_limit,
         "Attempts per `s`, `min` or `h`, as in `60/min`: a tenth of them at once, the others spread; "
         "critical ones may borrow. \"\" = no limit.",
         forms::rate_or_none);
  s.span("give_up_after", r.delivery.give_up_after, 1min, 30 * 24h,
         "Then a notification that could not be delivered is dead: kept, visible, not tried again.");
  s.group("breaker", describe_breaker(r.delivery), "Leaves a receiver alone that is down.");
  return s;
}

section describe(self_settings& v) {
  section canary;
  canary.span("every", v.canary.every, 0s, 30 * 24h,
              "Time between two deaths of a daemon of our own, each of which must be told; 0 = none.");
  canary.span("period", v.canary.period, 20ms, 1min, "Between its heartbeats; three that are missing are a death.");
  canary.span("within", v.canary.within, 1s, 1h, "Told later than this, beyond what `groups` waits, the canary fails.");
  section beat = http_keys(v.beat, "Where we say that we live, by POST: a dead man's switch that alarms when nothing comes.");
  beat.span("every", v.beat_every, 100ms, 24h, "Between two beats.");
  section s;
  s.group("canary", std::move(canary), "A daemon that dies on schedule, to see that somebody would be told.");
  s.group("beat", std::move(beat), "Said only while judging, keeping and telling work.");
  return s;
}

} // namespace tocsin
