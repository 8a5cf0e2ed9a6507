// What kinds of sources and receivers need and do not take, duplicates, and the files they name.
#include <algorithm>
#include <array>
#include <filesystem>
#include <unordered_map>

#include "config/checks.hpp"
#include "config/forms.hpp"
#include "core/line_plant.hpp"

namespace tocsin {

namespace {

/// Keys that mean nothing for this kind are an error: they would silently do nothing.
void check_kind(const keys::section& s, const std::string& path, const std::string& kind,
                const given_keys& given, problem_list& problems) {
  for (const keys::key& k : s.keys) {
    const std::string name = path + '.' + std::string{k.name};
    if (k.kinds.empty() || std::find(k.kinds.begin(), k.kinds.end(), kind) != k.kinds.end())
      continue;
    if (given.has(name))
      problems.error(given.key_of(name), name + " has no meaning for kind " + kind, "remove it");
  }
}

class name_check {
public:
  name_check(const char* list, const given_keys& given, problem_list& problems)
      : list_(list), given_(given), problems_(problems) {}

  void add(const std::string& name, std::size_t i) {
    if (name.empty()) return;
    const auto [other, fresh] = first_.emplace(name, i);
    if (fresh) return;
    const std::string path = indexed(list_, i) + ".name";
    problems_.error(given_.of(path), path + ": the name " + keys::quote(name) + " is taken",
                    "choose another; the first is in line " +
                        std::to_string(given_.of(indexed(list_, other->second) + ".name").line));
  }

private:
  const char* list_;
  const given_keys& given_;
  problem_list& problems_;
  std::unordered_map<std::string, std::size_t> first_;
};

constexpr std::array mapped_fields{"hostaddr",     "service", "network", "ver", "time", "rli",
                                   "client_limit", "up",      "cc",      "ms",  "bs",   "mr",
                                   "br",           "ps",      "pr",      "rx",  "pm",   "idl",
                                   "odl",          "irrs",    "orrs",    "lost"};

void check_mapping(const json_mapping& m, const std::string& path, const given_keys& given,
                   problem_list& problems) {
  const std::vector<std::string> known{mapped_fields.begin(), mapped_fields.end()};
  for (const auto& [field, name] : m.fields) {
    if (problems.full()) return;
    const std::string where = path + ".fields." + field.substr(0, 64);
    if (!given.has(where)) continue; // inherited: said where it was written
    if (name.empty())
      problems.error(given.of(where), where + " is empty", "name the field, or remove the line");
    if (std::find(known.begin(), known.end(), field) != known.end()) continue;
    const auto near = keys::nearest(field, known);
    problems.error(given.key_of(where), where + ": no RV field that is read is called so",
                   near ? "did you mean '" + *near + "'?"
                        : "write the RV name first and your own name second, as in 'cc: clients'");
  }
}

void check_source(source_settings& s, const std::string& path, const settings& all,
                  const given_keys& given, problem_list& problems) {
  if (s.reconnect_max < s.reconnect_min)
    problems.error(given.of(path + ".reconnect"), path + ".reconnect: max is below min",
                   "write min <= max");
  if (given.has(path + ".path") && !s.address.empty())
    problems.error(given.key_of(path + ".path"), path + " has both path and address",
                   "keep the one it shall read from");
  if (s.kind != "rv" && !given.has(path + ".presenter"))
    s.context.daemon_host = all.replay_context.daemon_host;
  check_mapping(s.mapping, path + ".jsonl", given, problems);
}

/// Faults of units and channels that the line does not have; what cannot be read was said already.
void check_line(const source_settings& s, const std::string& path, const given_keys& given, problem_list& problems) {
  for (std::size_t i = 0; i < s.line.faults.size() && !problems.full(); ++i) {
    line_settings one = s.line;
    one.faults = {s.line.faults[i]};
    auto options = line_options_of(one, 0);
    if (!options) continue;
    const auto made = line_plant::make(std::move(*options));
    if (made) continue;
    const std::string where = indexed((path + ".line.faults").c_str(), i), &why = made.error().text;
    const std::size_t end = why.rfind("; ");
    problems.error(given.of(where), where + ": " + why.substr(0, end), end == why.npos ? "write another" : why.substr(end + 2));
  }
}

} // namespace

void check_sources(document& d, const given_keys& given, problem_list& problems) {
  settings& v = d.value;
  check_mapping(v.replay_mapping, "formats.jsonl", given, problems);
  name_check names{"sources", given, problems};
  std::unordered_map<std::string, std::string> listening;
  if (!v.http_address.empty()) listening.emplace(v.http_address, "http.address");
  std::string reads_standard_input;
  for (std::size_t i = 0; i < v.sources.size() && !problems.full(); ++i) {
    source_settings& s = v.sources[i];
    const std::string path = indexed("sources", i);
    names.add(s.name, i);
    if (s.kind.empty()) continue; // said already
    check_kind(describe(s), path, s.kind, given, problems);
    check_source(s, path, v, given, problems);
    if (s.kind == "line") check_line(s, path, given, problems);
    if (s.kind != "jsonl" && s.kind != "tibrvlisten") continue;
    if (!s.address.empty()) {
      const auto [other, fresh] = listening.emplace(s.address, path + ".address");
      if (!fresh && !s.address.ends_with(":0"))
        problems.error(given.of(path + ".address"),
                       path + ".address: " + s.address + " is taken by " + other->second,
                       "choose another port");
    } else if (s.path == "-") {
      if (!reads_standard_input.empty())
        problems.error(given.of(path + ".path"),
                       path + " reads standard input, and so does " + reads_standard_input,
                       "give one of them a path or an address");
      reads_standard_input = path;
    }
  }
}

namespace {

void check_mail(const mail_settings& m, const std::string& path, const given_keys& given,
                problem_list& problems) {
  if (!m.user.empty() && m.password_file.empty())
    problems.error(given.of(path + ".user"), path + " has a user but no password_file",
                   "write the password into a file and name it in password_file");
  if (m.user.empty() && !m.password_file.empty())
    problems.error(given.of(path + ".password_file"), path + " has a password_file but no user",
                   "add user, or remove password_file");
  if (m.security != "none") return;
  if (!m.user.empty() && !forms::is_loopback(m.server))
    problems.warning(given.of(path + ".security"), path + ": the password is sent in clear",
                     "use security: starttls or tls");
  if (!m.ca_file.empty())
    problems.error(given.key_of(path + ".ca_file"),
                   path + ".ca_file has no meaning with security none",
                   "remove it, or use starttls or tls");
}

void check_webhook(const webhook_settings& w, const std::string& path, const given_keys& given,
                   problem_list& problems) {
  if (w.client_certificate.empty() != w.client_key.empty())
    problems.error(given.of(path + (w.client_key.empty() ? ".client_certificate" : ".client_key")),
                   path + " has only one of client_certificate and client_key",
                   "give both or none");
  if (const auto kind = forms::private_target(w.url); !kind.empty() && !w.allow_private && !given.is_wrong(path + ".url"))
    problems.error(given.of(path + ".url"), path + ".url leads to " + std::string{kind},
                   "if it is meant, say allow_private: true");
  if (w.format == "pagerduty" && w.routing_key_file.empty())
    problems.error(given.of(path + ".format"), path + " has no routing_key_file",
                   "write the integration's routing key into a file and name it in routing_key_file");
  if (w.format != "pagerduty" && !w.routing_key_file.empty())
    problems.error(given.key_of(path + ".routing_key_file"),
                   path + ".routing_key_file has no meaning for format " + w.format, "remove it");
  if (w.format != "alertmanager" && given.has(path + ".max_alerts"))
    problems.error(given.key_of(path + ".max_alerts"), path + ".max_alerts has no meaning for format " + w.format,
                   "remove it");
  if (w.format != "alertmanager" && !w.payload_template.empty())
    problems.error(given.key_of(path + ".payload_template"),
                   path + ".payload_template has no meaning for format " + w.format, "remove one of them");
  if (w.secret_files.size() > 2)
    problems.error(given.of(path + ".secret_files"), path + ".secret_files names more than two files",
                   "keep the new secret and the old one");
  if (!forms::is_http(w.url)) return;
  if (!w.bearer_file.empty() && !forms::is_loopback(w.url))
    problems.warning(given.of(path + ".url"), path + ": the bearer token is sent in clear",
                     "use an https:// URL");
  for (const char* k : {"ca_file", "client_certificate", "client_key"})
    if (given.has(path + '.' + k))
      problems.warning(given.key_of(path + '.' + k),
                       path + '.' + k + " has no meaning for an http:// URL",
                       "use an https:// URL, or remove it");
}

void check_file(const std::string& file, const std::string& path, bool secret,
                const given_keys& given, problem_list& problems) {
  if (file.empty()) return;
  std::error_code failed;
  const auto status = std::filesystem::status(file, failed);
  if (failed || !std::filesystem::exists(status)) {
    problems.warning(given.of(path), path + ": " + keys::quote(file) + " is not there",
                     "create it, or correct the path");
    return;
  }
  if (std::filesystem::is_directory(status))
    problems.warning(given.of(path), path + ": " + keys::quote(file) + " is a folder",
                     "name a file");
  else if (secret && (status.permissions() & std::filesystem::perms::others_read) !=
                         std::filesystem::perms::none)
    problems.warning(given.of(path), path + ": everybody can read " + keys::quote(file),
                     "chmod o-r it");
}

} // namespace

void check_receivers(const document& d, const given_keys& given, problem_list& problems) {
  name_check names{"receivers", given, problems};
  for (std::size_t i = 0; i < d.value.receivers.size() && !problems.full(); ++i) {
    receiver_settings r = d.value.receivers[i];
    const std::string path = indexed("receivers", i);
    names.add(r.rule.name, i);
    if (r.kind.empty()) continue; // said already
    check_kind(describe(r), path, r.kind, given, problems);
    if (!given.has(path + '.' + r.kind)) {
      problems.error(given.of(path),
                     path + " is of kind " + r.kind + " but has no " + r.kind + " section",
                     r.kind == "mail" ? "add mail: {server: host:587, from: a@b, to: [c@d]}"
                                      : "add " + r.kind + ": {url: https://host/path}");
      continue;
    }
    if (r.kind == "mail") check_mail(r.mail, path + ".mail", given, problems);
    if (r.kind == "webhook") check_webhook(r.webhook, path + ".webhook", given, problems);
    if (r.kind == "alertmanager") check_webhook(r.alertmanager, path + ".alertmanager", given, problems);
    if (r.delivery.breaker_pause_max < r.delivery.breaker_pause)
      problems.error(given.of(path + ".breaker"), path + ".breaker: pause_max is below pause", "write pause <= pause_max");
    const flood_rule& f = r.rule.flood;
    if (f.start > 0 && f.end > f.start)
      problems.error(given.of(path + ".flood"), path + ".flood: end is above start: a flood would end as it begins", "write end <= start");
    if (r.kind == "alertmanager" && given.has(path + ".flood"))
      problems.warning(given.of(path + ".flood"), path + ".flood has no meaning for kind alertmanager", "remove it");
  }
}

void check_self(const document& d, const given_keys& given, problem_list& problems) {
  const self_settings& s = d.value.self;
  if (s.canary.every > 0s) {
    if (d.value.receivers.empty())
      problems.error(given.of("self.canary"), "self.canary has nobody to tell when it fails", "configure receivers, or remove it");
    const duration least = (canary_beats_missed + 8) * s.canary.period + d.value.rules.groups.wait +
                           2 * d.value.rules.groups.close_after + 2 * s.canary.within;
    if (s.canary.every < least)
      problems.error(given.of("self.canary.every"), "self.canary.every is too short for a death, what the rules wait, and a return",
                     "write at least " + to_text(least) + ", or shorten within, groups.wait or groups.close_after");
  }
  for (std::size_t i = 0; i < d.value.receivers.size(); ++i)
    if (d.value.receivers[i].rule.name == canary_name)
      problems.error(given.of(indexed("receivers", i) + ".name"), indexed("receivers", i) + ".name: the canary's own receiver has that name",
                     "choose another");
  if (s.beat.url.empty()) return;
  check_webhook(s.beat, "self.beat", given, problems);
}

void check_files(const document& d, const given_keys& given, problem_list& problems) {
  for (std::size_t i = 0; i < d.value.receivers.size(); ++i) {
    const receiver_settings& r = d.value.receivers[i];
    const std::string path = indexed("receivers", i);
    check_file(r.mail.password_file, path + ".mail.password_file", true, given, problems);
    check_file(r.mail.subject_template, path + ".mail.subject_template", false, given, problems);
    check_file(r.mail.text_template, path + ".mail.text_template", false, given, problems);
    check_file(r.mail.html_template, path + ".mail.html_template", false, given, problems);
    check_file(r.webhook.payload_template, path + ".webhook.payload_template", false, given, problems);
    check_file(r.mail.ca_file, path + ".mail.ca_file", false, given, problems);
    for (const auto& [w, name] : {std::pair{&r.webhook, ".webhook"}, std::pair{&r.alertmanager, ".alertmanager"}}) {
      const std::string at = path + name;
      check_file(w->bearer_file, at + ".bearer_file", true, given, problems);
      check_file(w->ca_file, at + ".ca_file", false, given, problems);
      check_file(w->client_certificate, at + ".client_certificate", false, given, problems);
      check_file(w->client_key, at + ".client_key", true, given, problems);
      check_file(w->routing_key_file, at + ".routing_key_file", true, given, problems);
      for (std::size_t k = 0; k < w->secret_files.size(); ++k)
        check_file(w->secret_files[k], at + ".secret_files[" + std::to_string(k) + ']', true, given, problems);
    }
  }
  check_file(d.value.self.beat.bearer_file, "self.beat.bearer_file", true, given, problems);
  check_file(d.value.self.beat.ca_file, "self.beat.ca_file", false, given, problems);
  check_file(d.value.self.beat.client_certificate, "self.beat.client_certificate", false, given, problems);
  check_file(d.value.self.beat.client_key, "self.beat.client_key", true, given, problems);
  check_file(d.value.kafka.connection.password_file, "kafka.password_file", true, given, problems);
  check_file(d.value.kafka.connection.key_password_file, "kafka.key_password_file", true, given, problems);
  check_file(d.value.cluster.tls.certificate, "cluster.tls.certificate", false, given, problems);
  check_file(d.value.cluster.tls.key, "cluster.tls.key", true, given, problems);
  check_file(d.value.cluster.tls.authority, "cluster.tls.authority", false, given, problems);
  for (std::size_t i = 0; i < d.value.sources.size(); ++i) {
    const source_settings& s = d.value.sources[i];
    check_file(s.connection.password_file, indexed("sources", i) + ".password_file", true, given, problems);
    check_file(s.connection.key_password_file, indexed("sources", i) + ".key_password_file", true, given, problems);
    check_file(s.kafka.registry_password_file, indexed("sources", i) + ".registry_password_file", true, given, problems);
    check_file(s.kafka.registry_ca_file, indexed("sources", i) + ".registry_ca_file", false, given, problems);
    if ((s.kind == "jsonl" || s.kind == "tibrvlisten") && s.address.empty() && s.path != "-")
      check_file(s.path, indexed("sources", i) + ".path", false, given, problems);
  }
}

} // namespace tocsin
