// Rendezvous advisories as records: one mapping of subjects and fields for the wire, text and JSON
// decoders.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/connections.hpp"
#include "core/error.hpp"
#include "core/record.hpp"

namespace tocsin {

/// The fields of an advisory that mean something to us. Those up to `lost` are numbers and have
/// the value of their `counter`.
enum class advisory_field : std::uint8_t {
  // clang-format off
  up, cc, client_limit, ms, bs, mr, br, ps, pr, rx, pm, idl, odl, irrs, orrs, lost,
  hostaddr, host, service, network, ver, rli, time, scid,
  none, ///< any other: ignored
  // clang-format on
};

/// The field of that RV name ("up", "hostaddr", ...); `none` if it is of no interest.
advisory_field field_of(std::string_view name);
std::string_view to_text(advisory_field f);

/// What a subject announces. `ignored` is well formed, but of no interest; `slow_consumer` concerns
/// our own connection only and gives no record.
enum class advisory_kind : std::uint8_t { record, slow_consumer, ignored };

struct advisory_subject {
  advisory_kind kind = advisory_kind::ignored;
  record_kind gives = record_kind::heartbeat; ///< for advisory_kind::record
  std::string_view host_id;                   ///< rest of the subject that starts with the host id
};

/// Reads "_RV.<class>.SYSTEM.<name>".
advisory_subject classify_subject(std::string_view subject);

/// "0A62A389" as "10.98.163.137"; nothing if it is not eight hex digits.
std::optional<std::uint32_t> parse_host_id(std::string_view text);
/// Writes at most 15 characters to `to` and returns how many.
std::size_t write_dotted(std::uint32_t address, char* to);

/// Builds one record after the other from subject and fields:
///
///     if (!b.begin(subject)) { ++ignored; return; }
///     b.number("up", 990); b.text("ver", "8.7.0"); ...     // any order, any subset
///     record* r = b.end(batch);                            // nullptr: no host; see take_problem()
///     if (r) { r->at = arrived; r->timed_by = time_source::arrival; }
///     if (auto p = b.take_problem()) report(line, p->code, p->text, bytes);
///
/// Texts given need to live until end() only; the batch gets copies. A known field of a wrong type
/// or beyond its limit counts as absent and is a problem once per field and kind of record; the
/// record survives. Later fields of the same name win.
class advisory_builder {
public:
  explicit advisory_builder(decode_context context);

  /// Who presents advisories from now on (an RV client learns it when it connects); empty =
  /// unknown.
  void set_daemon_host(std::string_view host) { context_.daemon_host = host; }
  const decode_context& context() const { return context_; }

  /// False: nothing of interest, no end() must follow. Sets slow_consumers().
  bool begin(std::string_view subject);
  /// For messages without a subject whose kind is known. `host_id` as in advisory_subject.
  void begin(record_kind kind, std::string_view host_id = {});

  // By RV name or, where the decoder has looked it up before, by field.
  void number(std::string_view name, std::uint64_t value) { number(field_of(name), value); }
  void negative(std::string_view name, std::int64_t value) { negative(field_of(name), value); }
  void real(std::string_view name, double value) { real(field_of(name), value); }
  void text(std::string_view name, std::string_view value) { text(field_of(name), value); }
  void time(std::string_view name, timestamp value) { time(field_of(name), value); }
  void address(std::string_view name, std::uint32_t value) { address(field_of(name), value); }
  void other(std::string_view name) { wrong(field_of(name), "of a type that cannot hold it"); }

  /// Counters; `service` as decimal text; rli; time as Unix seconds.
  void number(advisory_field f, std::uint64_t value);
  /// A number below zero fits rli and time only.
  void negative(advisory_field f, std::int64_t value);
  /// rli; time as Unix seconds; a counter if it is whole and not negative.
  void real(advisory_field f, double value);
  /// Hosts (dotted address or a house's own name), service, network, ver; time as RFC 3339.
  void text(advisory_field f, std::string_view value);
  void time(advisory_field f, timestamp value);
  /// IPv4 address, host byte order.
  void address(advisory_field f, std::uint32_t value);
  /// The field is there, but `why` it cannot be used ("is cut short").
  void wrong(advisory_field f, std::string_view why, errc code = errc::invalid);

  /// Appends the record and returns it, or nullptr when no host is known. Fills all but `at` and
  /// `timed_by` (which are left `unset` and `message`).
  record* end(record_batch& out);
  /// The first new problem since the last call.
  std::optional<error> take_problem();

  /// CLIENT.SLOWCONSUMER advisories seen: our own client is too slow.
  std::uint64_t slow_consumers() const { return slow_consumers_; }

private:
  void fill_host();
  std::string_view keep(record_batch& out, std::string_view text, std::string_view record::*member);
  void problem(errc code, std::string text);

  decode_context context_;
  record now_;
  std::string_view host_id_;
  std::string_view hostaddr_; ///< or empty
  std::uint64_t scid_ = 0;
  bool has_network_ = false;
  std::array<char, 16> address_text_{}, peer_text_{}, id_text_{};
  std::array<char, 20> service_text_{};
  std::optional<error> problem_;
  std::array<std::uint32_t, 16> told_{}; ///< per record_kind: bit per field already reported
  std::uint64_t slow_consumers_ = 0;
};

} // namespace tocsin
