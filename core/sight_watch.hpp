// The sight of our own vantage points: when a link is down, or everybody heard through it falls
// silent at once, it is we who are blind, and that is one incident for all segments.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/incident.hpp"
#include "core/limits.hpp"
#include "core/rules.hpp"

namespace tocsin {

/// Who cannot be seen while a vantage point is blind.
struct unseen_members {
  std::vector<std::string> subjects; ///< sorted, all segments
  std::size_t heard = 0;             ///< members ever heard through it, elsewhere as well
  std::size_t segments = 0;          ///< in which somebody is unseen
};

/// Remembers per vantage point whether it is blind and what was said of it. Says an incident when a
/// told loss has lasted longer than `sight_grace`, or at once when it is inferred; closes it when
/// sight has been back for `close_after`.
class sight_watch {
public:
  /// A source says so. Returns whether anything changed for those who judge silence.
  bool lost(std::uint8_t vantage, timestamp at, const group_rules& rules);
  bool regained(std::uint8_t vantage, timestamp at, const group_rules& rules);
  /// Silence that began at `since` says so: every member of `segments` segments. Opens at once.
  /// Probability 1 - 1/2^segments: each further segment halves the chance that they went by
  /// themselves.
  void infer(std::uint8_t vantage, timestamp since, timestamp at, unseen_members unseen,
             std::size_t segments, std::vector<incident>& out);
  /// Whether silence since `since` could be due to the vantage point: it is not known to be blind,
  /// and nobody has been heard through it since then.
  bool could_be_blind(std::uint8_t vantage, timestamp since) const;
  std::uint64_t blind() const;    ///< a bit per vantage point
  std::uint64_t inferred() const; ///< of those, the ones that no source has told
  std::uint64_t sighted() const;  ///< told to see

  timestamp next_deadline() const;
  /// A deadline that is due at `at`. `look` gives the unseen members of a vantage point.
  struct told {
    std::uint8_t vantage;
    std::string id; ///< of the incident that was opened
    timestamp lost_at;
  };
  template <class Look>
  std::optional<told> fire(timestamp at, Look look, std::vector<incident>& out) {
    for (std::uint8_t v = 0; v < links_.size(); ++v) {
      if (links_[v].grace_at == at) return speak(v, at, look(v), out);
      if (links_[v].close_at == at) {
        close(v, at, out);
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  void set_names(std::vector<std::string> names) { names_ = std::move(names); }
  std::string id_of(std::uint8_t vantage) const;
  std::vector<incident> open() const;

  void save(writer& out) const;
  bool load(reader& in); ///< false when the bytes are not ours

private:
  struct link {
    bool lost = false, inferred = false, sighted = false;
    timestamp lost_at = unset, regained_at = unset, grace_at = never, close_at = never;
    std::optional<incident> about;
  };
  std::optional<told> speak(std::uint8_t vantage, timestamp at, unseen_members unseen,
                            std::vector<incident>& out);
  void describe(incident& i, unseen_members unseen, bool inferred);
  void close(std::uint8_t vantage, timestamp at, std::vector<incident>& out);
  std::string subject_of(std::uint8_t vantage) const;

  std::array<link, limits::vantages_max> links_;
  std::vector<std::string> names_;
};

} // namespace tocsin
