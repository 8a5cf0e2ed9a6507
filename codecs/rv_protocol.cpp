// The conversation between a Rendezvous client and its daemon, as recorded from peers.
#include "codecs/rv_protocol.hpp"

#include "codecs/rv_bytes.hpp"
#include "codecs/rv_writer.hpp"

namespace tocsin {

namespace {

constexpr std::size_t gob_bytes_max =
    64; ///< recorded ones have 13; a session name has to fit a subject

/// Can it be an element of a subject?
bool fit_for_element(std::string_view text) {
  if (text.empty() || text.size() > gob_bytes_max) return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '.' || c == '*' || c == '>')
      return false;
  return true;
}

std::string_view pop_element(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view element = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  return element;
}

} // namespace

std::string rv_version_record() {
  std::string out;
  for (const std::uint32_t word : {0u, 4u, 0u}) append_be(out, word);
  return out;
}

std::string rv_option_record(rv_option_step step) {
  std::string out;
  for (const std::uint32_t word :
       {static_cast<std::uint32_t>(step), 2u, 0u, 1u, 0u, 0x04000000u, 0x04000000u})
    append_be(out, word);
  out.resize(rv_option_record_bytes, '\0');
  return out;
}

result<rv_envelope> read_envelope(std::string_view frame, rv_subject_text& subject) {
  rv_envelope e;
  rv_reader reader{frame};
  for (rv_field f; reader.next(f);) {
    if (f.name == "sub") {
      const auto text = f.as_subject(subject);
      if (!text)
        return fail(errc::malformed,
                    "'sub' at offset " + std::to_string(f.offset) + " is not a subject");
      e.subject = *text;
    } else if (f.name == "mtype") {
      const auto text = f.as_text();
      if (!text || text->size() != 1)
        return fail(errc::malformed,
                    "'mtype' at offset " + std::to_string(f.offset) + " is not one letter");
      e.mtype = text->front();
    } else if (f.name == "data") {
      e.data = f;
    } else if (f.name == "return") {
      e.reply = f.as_text().value_or(std::string_view{});
    }
  }
  if (!reader.ok()) return tl::make_unexpected(reader.failure());
  if (e.mtype == 0) return fail(errc::missing, "message without 'mtype'");
  return e;
}

result<rv_init_response> read_init_response(const rv_envelope& e) {
  if (e.subject == "RVD.INITREFUSED") {
    std::int64_t code = 0;
    if (e.data)
      if (const auto f = find_field(e.data->data, "error")) code = f->as_signed().value_or(0);
    return fail(errc::refused, "the daemon refused us: " + describe_refusal(code));
  }
  if (e.subject != "RVD.INITRESP" || !e.data || e.data->type != rv_type::message)
    return fail(errc::malformed,
                "the daemon answered init with subject '" + std::string{e.subject} +
                    "', not RVD.INITRESP; is this a Rendezvous daemon's client port?");
  rv_init_response r;
  rv_reader reader = rv_reader::nested(*e.data);
  bool has_address = false;
  for (rv_field f; reader.next(f);) {
    if (f.name == "ipaddr") {
      if (const auto address = f.as_address()) {
        r.address = *address;
        has_address = true;
      }
    } else if (f.name == "ipport") {
      r.service = f.as_port().value_or(0);
    } else if (f.name == "gob") {
      const auto text = f.as_text();
      if (text && fit_for_element(*text)) r.gob = *text;
    }
  }
  if (!reader.ok()) return tl::make_unexpected(reader.failure());
  if (!has_address)
    return fail(errc::missing, "RVD.INITRESP without 'ipaddr': no session name can be made");
  return r;
}

std::string describe_refusal(std::int64_t code) {
  std::string text = "error " + std::to_string(code) + ", ";
  switch (code) {
  case 1:
    return text + "it cannot find its own host name; mend the daemon host's name resolution";
  case 2:
    return text +
           "no such network interface on the daemon's host; correct 'network' of this source";
  case 3:
    return text + "host name in the network string not found; correct 'network' of this source";
  case 5:
    return text + "the service is in use with another network there; give this source the same "
                  "'network' as the "
                  "daemon's other clients, or another 'service'";
  case 17:
    return text + "network not found; correct 'network' of this source";
  case 18:
    return text + "bad service; correct 'service' of this source";
  case 19:
    return text + "bad parameters; check 'service' and 'network' of this source";
  case 20:
    return text + "it could not start the service; see the daemon's log";
  default:
    return text +
           "not known to us; see the daemon's log and check 'service' and 'network' of this source";
  }
}

std::string write_init(const rv_init& init) {
  rv_message_writer w;
  w.text("mtype", "I");
  w.text("userid", init.user);
  if (!init.session.empty()) w.text("session", init.session);
  w.text("service", init.service);
  w.text("network", init.network);
  if (!init.session.empty()) w.text("control", "_INBOX." + std::string{init.session} + ".1");
  w.signed_integer("vmaj", 5);
  w.signed_integer("vmin", 4);
  w.signed_integer("vupd", 2);
  return w.take();
}

result<std::string> write_listen(char mtype, std::string_view subject) {
  rv_message_writer w;
  w.text("mtype", {&mtype, 1});
  if (auto r = w.subject("sub", subject); !r) return tl::make_unexpected(std::move(r.error()));
  return w.take();
}

result<std::string> write_data(char mtype, std::string_view subject, std::string_view data,
                               std::string_view reply) {
  rv_message_writer w;
  if (auto r = w.subject("sub", subject); !r) return tl::make_unexpected(std::move(r.error()));
  w.text("mtype", {&mtype, 1});
  if (!reply.empty()) w.text("return", reply);
  if (!data.empty()) w.message("data", data);
  return w.take();
}

std::string host_id_text(std::uint32_t address) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[address >> shift & 0xf];
  return text;
}

bool subject_matches(std::string_view pattern, std::string_view subject) {
  while (!pattern.empty() && !subject.empty()) {
    if (pattern == ">") return true;
    const std::string_view wanted = pop_element(pattern);
    const std::string_view element = pop_element(subject);
    if (wanted != "*" && wanted != element) return false;
  }
  return pattern.empty() && subject.empty();
}

result<void> check_pattern(std::string_view pattern) {
  rv_message_writer w;
  if (auto r = w.subject("sub", pattern); !r) return r;
  const std::size_t tail = pattern.find(">.");
  if (tail != std::string_view::npos && (tail == 0 || pattern[tail - 1] == '.'))
    return fail(errc::invalid, "subject '" + std::string{pattern} +
                                   "' has '>' before its end; '*' stands for one element");
  return {};
}

} // namespace tocsin
