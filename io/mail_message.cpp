// A notification as a mail: plain text first, the same as plain HTML, headers that make a thread of
// an incident.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "codecs/html.hpp"
#include "io/clock.hpp"
#include "io/incident_text.hpp"
#include "io/mail_format.hpp"
#include "io/sender.hpp"
#include "io/template_data.hpp"
#include "io/text.hpp"

namespace tocsin {

namespace {

std::string text_part(const incident_text& t) {
  std::string out = t.headline + "\n\n";
  if (!t.response.empty()) out += t.response + "\n\n";
  std::size_t widest = 0;
  const auto rows = [&](const auto& list, std::string_view indent) {
    widest = 0;
    for (const auto& [label, value] : list)
      widest = std::max(widest, std::min<std::size_t>(label.size(), 40));
    for (const auto& [label, value] : list) {
      out += indent;
      out += label;
      out.append(label.size() < widest ? widest - label.size() : 0, ' ');
      out += "  " + value + "\n";
    }
  };
  rows(t.facts, "");
  if (!t.members.empty()) {
    out += "\nMembers (" + std::to_string(t.members.size() + t.members_left_out) + ")\n";
    for (const auto& m : t.members) out += "  " + m + "\n";
    if (t.members_left_out != 0) out += "  and " + std::to_string(t.members_left_out) + " more\n";
  }
  if (!t.evidence.empty()) {
    out += "\nEvidence\n";
    rows(t.evidence, "  ");
  }
  if (!t.others.empty()) {
    out += "\nTogether with (" + std::to_string(t.others.size() + t.others_left_out) + ")\n";
    for (const auto& o : t.others) out += "  " + o + "\n";
    if (t.others_left_out != 0) out += "  and " + std::to_string(t.others_left_out) + " more\n";
  }
  if (!t.link.empty()) out += "\n" + t.link + "\n";
  if (!t.acknowledge.empty()) out += "\nAcknowledge: " + t.acknowledge + "\n";
  return out + "\n-- \nSent by Tocsin. Answers to this mail are read by nobody.\n";
}

std::string html_part(const incident_text& t, const incident& i) {
  const bool over = i.state == incident_state::closed;
  const char* colour = over                            ? "#2e7d32"
                       : i.level == severity::critical ? "#b71c1c"
                       : i.level == severity::warning  ? "#a65e00"
                                                       : "#37474f";
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
      html_escaped(t.headline) +
      "</title></head>\n<body style=\"font-family:sans-serif;font-size:15px;color:#222\">\n"
      "<h1 style=\"font-size:18px;margin:0 0 12px;padding:8px 12px;border-left:6px solid ";
  out += colour;
  out += "\">" + html_escaped(t.headline) + "</h1>\n";
  const auto rows = [&](const auto& list) {
    out += "<table style=\"border-collapse:collapse\">\n";
    for (const auto& [label, value] : list)
      out += "<tr><th scope=\"row\" "
             "style=\"text-align:left;vertical-align:top;font-weight:normal;color:#555;"
             "padding:2px 16px 2px 0\">" +
             html_escaped(label) + "</th><td style=\"padding:2px 0\">" + html_escaped(value) + "</td></tr>\n";
    out += "</table>\n";
  };
  const auto heading = [&](const std::string& text) {
    out += "<h2 style=\"font-size:15px;margin:16px 0 4px\">" + text + "</h2>\n";
  };
  if (!t.response.empty())
    out += "<p style=\"white-space:pre-line;background:#f5f5f5;margin:0 0 12px;padding:8px 12px\">" +
           html_escaped(t.response) + "</p>\n";
  rows(t.facts);
  if (!t.members.empty()) {
    heading("Members (" + std::to_string(t.members.size() + t.members_left_out) + ")");
    out += "<ul style=\"margin:0;padding-left:20px\">\n";
    for (const auto& m : t.members) out += "<li>" + html_escaped(m) + "</li>\n";
    if (t.members_left_out != 0)
      out += "<li>and " + std::to_string(t.members_left_out) + " more</li>\n";
    out += "</ul>\n";
  }
  if (!t.evidence.empty()) {
    heading("Evidence");
    rows(t.evidence);
  }
  if (!t.others.empty()) {
    heading("Together with (" + std::to_string(t.others.size() + t.others_left_out) + ")");
    out += "<ul style=\"margin:0;padding-left:20px\">\n";
    for (const auto& o : t.others) out += "<li>" + html_escaped(o) + "</li>\n";
    if (t.others_left_out != 0)
      out += "<li>and " + std::to_string(t.others_left_out) + " more</li>\n";
    out += "</ul>\n";
  }
  if (!t.acknowledge.empty())
    out += "<p><a href=\"" + html_escaped(t.acknowledge) +
           "\" style=\"display:inline-block;padding:8px 16px;background:#1565c0;color:#fff;"
           "text-decoration:none\">Acknowledge</a></p>\n";
  if (!t.link.empty())
    out += "<p><a href=\"" + html_escaped(t.link) + "\">" + html_escaped(t.link) + "</a></p>\n";
  return out + "<p style=\"color:#555\">Sent by Tocsin. Answers to this mail are read by "
               "nobody.</p>\n</body></html>\n";
}

std::string message_id(std::string_view notification_id) {
  return "<" + hex_hash(notification_id) + "@tocsin>";
}

/// Letters, digits and dashes: what a List-Id may hold.
std::string label(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 60)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    out += plain ? c : '-';
  }
  return out.empty() ? "alerts" : out;
}

std::string ascii(std::string_view text) {
  std::string out = one_line(text, 300);
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c >= 0x80; }, '?');
  return out;
}

std::string recipients(const std::vector<std::string>& to) {
  std::string out;
  for (const auto& one : to) out += (out.empty() ? "" : ", ") + to_header(parse_mailbox(one));
  return out;
}

void append_part(std::string& out, const std::string& boundary, const char* type,
                 const std::string& text) {
  out += "--" + boundary + "\r\n";
  append_header(out, "Content-Type", std::string{type} + "; charset=utf-8");
  append_header(out, "Content-Transfer-Encoding", "quoted-printable");
  out += "\r\n" + quoted_printable(text);
}

} // namespace

std::string mail_message(const notification& n, const mail_settings& settings) {
  return mail_message(n, settings, {});
}

result<mail_texts> mail_texts_of(const notification& n, const mail_settings& settings, const rule_book* book) {
  using enum text_template::escaping;
  if (settings.subject_template.empty() && settings.text_template.empty() && settings.html_template.empty())
    return mail_texts{};
  const auto data = template_data(n, settings.external_url, book);
  auto subject = filled(settings.subject_template, none, data);
  if (!subject) return fail(subject.error().code, subject.error().text);
  auto text = filled(settings.text_template, none, data);
  if (!text) return fail(text.error().code, text.error().text);
  auto html_text = filled(settings.html_template, html, data);
  if (!html_text) return fail(html_text.error().code, html_text.error().text);
  return mail_texts{one_line(*subject, 500), plain_text(*text), plain_text(*html_text)};
}

mail_texts final_texts(const notification& n, const mail_settings& settings, const mail_texts& own) {
  if (n.reason == "report") return {n.about.title, n.response, n.page};
  const incident_text t = describe(n, settings.external_url);
  return {own.subject.empty() ? t.headline : own.subject, own.text.empty() ? text_part(t) : own.text,
          own.html.empty() ? html_part(t, n.about) : own.html};
}

std::string mail_message(const notification& n, const mail_settings& settings, const mail_texts& own_texts) {
  const incident& i = n.about;
  const mail_texts texts = final_texts(n, settings, own_texts);
  const bool urgent = i.level == severity::critical && i.state != incident_state::closed;
  // What the first mail about this incident to this receiver was or would have been called.
  const std::string root = message_id(i.id + ".1@" + n.receiver), own = message_id(n.id);

  std::string out;
  append_header(out, "From", to_header(parse_mailbox(settings.from)));
  append_header(out, "To", recipients(settings.to));
  append_header(out, "Subject", encoded_words(texts.subject));
  append_header(out, "Date", internet_date(drill().machine(n.at), "+0000"));
  append_header(out, "Message-Id", own);
  if (own != root) {
    append_header(out, "In-Reply-To", root);
    append_header(out, "References", root);
  }
  append_header(out, "Auto-Submitted", "auto-generated");
  append_header(out, "X-Auto-Response-Suppress", "All");
  append_header(out, "List-Id", "Tocsin <" + label(n.receiver) + ".tocsin>");
  append_header(out, "X-Tocsin-Incident", ascii(i.id));
  append_header(out, "X-Priority", urgent ? "1" : i.level == severity::info ? "5" : "3");
  append_header(out, "Importance", urgent ? "high" : i.level == severity::info ? "low" : "normal");
  append_header(out, "MIME-Version", "1.0");
  // "=_" never occurs in quoted-printable text.
  const std::string boundary = "=_tocsin_" + hex_hash(n.id);
  append_header(out, "Content-Type", "multipart/alternative; boundary=\"" + boundary + "\"");
  out += "\r\n";
  append_part(out, boundary, "text/plain", texts.text);
  append_part(out, boundary, "text/html", texts.html);
  return out + "--" + boundary + "--\r\n";
}

} // namespace tocsin
