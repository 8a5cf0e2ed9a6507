#include "actors/acknowledge_link.hpp"

#include "actors/node.hpp"
#include "codecs/html.hpp"
#include "io/clock.hpp"

namespace tocsin {

namespace {

http_response page(int status, const std::string& title, const std::string& body) {
  return {status, "text/html; charset=utf-8",
          "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
          "<title>" + title + " · Tocsin</title><link rel=\"stylesheet\" href=\"/style.css\"><h1>" + title + "</h1>" + body,
          {{"Referrer-Policy", "no-referrer"}, {"Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'"}}};
}

http_response refusal_page(const error& e) { return page(e.code == errc::timeout ? 410 : 403, "Not acknowledged", "<p>" + html_escaped(e.text)); }

/// The form's fields are read like a query.
http_request form_of(const http_request& q) {
  http_request form;
  form.query = q.body;
  return form;
}

http_response show_form(const http_request& q) {
  return page(200, "Acknowledge " + html_escaped(q.parameter("incident")),
              "<form method=\"post\" action=\"/acknowledge?" + html_escaped(q.query) +
                  "\"><p><label>Your name <input name=\"who\" required maxlength=\"80\" value=\"" + html_escaped(q.parameter("receiver")) +
                  "\"></label><p><label>Comment <input name=\"comment\" maxlength=\"300\"></label>"
                  "<p><button>I have it</button></form>");
}

http_response acknowledge(node& n, const http_request& q) {
  const http_request form = form_of(q);
  operator_command c{};
  c.kind = command_kind::acknowledge;
  c.target = q.parameter("incident");
  c.who = form.parameter("who");
  c.comment = form.parameter("comment");
  if (auto done = n.obey(c); !done) return page(409, "Not acknowledged", "<p>" + html_escaped(done.error().text));
  return page(200, "Acknowledged", "<p>" + html_escaped(c.target) + " is yours, " + html_escaped(c.who) + ".");
}

} // namespace

void add_acknowledge_route(http_server& server, node& n, const link_signer& links) {
  server.route("/acknowledge", {"GET", "POST"}, [&n, links](const http_request& q) {
    const auto ok = links.check(q.parameter("incident"), q.parameter("receiver"), q.parameter("expires"), q.parameter("signature"), wall_clock());
    if (!ok) return refusal_page(ok.error());
    return q.method == "POST" ? acknowledge(n, q) : show_form(q);
  });
}

} // namespace tocsin
