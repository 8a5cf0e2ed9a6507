// All messages between the actors of a node. They never leave the process: bulk goes as shared,
// immutable memory.
#pragma once

#include <caf/all.hpp>
#include <memory>
#include <string>
#include <vector>

#include "codecs/decoder.hpp"
#include "core/daemon_table.hpp"
#include "core/group_table.hpp"
#include "core/log_position.hpp"
#include "core/operator_command.hpp"
#include "core/record.hpp"

namespace tocsin {

using batch_ptr = std::shared_ptr<const record_batch>;
using positions_ptr = std::shared_ptr<const std::vector<std::uint32_t>>;

// -- the path of the input: source thread -> intake -> shards -> groups -> intake -----------------

/// Source thread -> intake. Costs the source one credit.
struct source_batch {
  std::size_t source;
  std::shared_ptr<record_batch> batch;
  std::uint64_t ticket = 0;                       ///< of a log: to be told when it is kept
  std::shared_ptr<const log_positions> covered{}; ///< of a log: where the batch leads to; else null
};
/// Source thread -> intake: time must wait for this source, or needs not any more.
struct source_behind {
  std::size_t source;
  bool holds;
};
/// Source thread -> intake: bytes that could not be used.
struct source_trouble {
  std::size_t source;
  std::shared_ptr<const std::vector<decode_error>> errors;
};
/// Source thread -> intake: nothing more will come.
struct source_ended {
  std::size_t source;
};
/// Intake -> every shard: apply these, then everything before `until` has been seen.
struct step {
  std::uint64_t number;
  batch_ptr batch;         ///< null: only time passes
  positions_ptr positions; ///< null: all records of the batch are the shard's
  timestamp until;         ///< deadlines strictly before it fire
  timestamp complete;      ///< effects before it are complete; later than `until` only when input ends
};
/// Shard -> groups: what its subjects said; the shard is complete before `until`.
struct step_said {
  std::uint64_t number;
  std::uint32_t shard;
  timestamp until, complete;
  std::shared_ptr<effects> said;
  timestamp wake; ///< the shard's next deadline
};
/// Groups -> intake: every shard and the groups have done it.
struct step_done {
  std::uint64_t number;
  timestamp wake; ///< earliest deadline of all shards and groups
};

// -- snapshots: a cut through everything at a step border ----------------------------------------

/// Intake -> recorder, in line with the journal, and -> shards, in line with the steps: here is the cut.
struct take_snapshot {
  std::uint64_t number; ///< step after which the cut lies
  timestamp watermark;
  bool at_once = false; ///< the node stops: without letting others go first
};
/// Shard -> groups: null bytes in line with step_said, so that the groups know the cut; later, the bytes.
struct snapshot_part {
  take_snapshot cut;
  std::uint32_t shard;
  std::shared_ptr<const std::string> bytes;
};
/// Shard -> itself: save some more daemons.
struct continue_snapshot {
  std::uint64_t number;
};
/// Groups -> recorder.
struct snapshot_taken {
  take_snapshot cut;
  std::string groups;
  std::vector<std::shared_ptr<const std::string>> shards;
  duration cost{}; ///< for which the groups stood still
  /// All of it, as node::start reads it, one piece after the other; `head` holds what lies between them.
  std::vector<std::string_view> pieces(std::vector<std::string>& head) const;
};
/// Snapshot writer -> recorder.
struct snapshot_written {
  std::uint64_t offset;
  std::size_t bytes;
  std::string refused; ///< why; empty = it is on disk
};

// -- what was said: groups -> recorder -> notifier ------------------------------------------------

using story_ptr = std::shared_ptr<const story>;
/// Groups -> recorder: to be stored, then notified.
struct story_told {
  story_ptr what;
};
/// Intake -> recorder: input to be journaled. With a `number` it is answered by `journaled`, in order.
struct journal_append {
  batch_ptr batch;
  std::uint64_t number = 0;
  std::size_t source = 0;
  std::uint64_t ticket = 0;
  std::shared_ptr<const log_positions> covered{}; ///< kept in the same transaction
};
/// Recorder -> intake: everything up to that number is handed to the store.
struct journaled {
  std::uint64_t number;
};
/// Anyone -> recorder: bytes set aside.
struct quarantined {
  timestamp at;
  std::string source;
  decode_error what;
};
/// Recorder -> notifier -> receiver.
struct deliver {
  std::shared_ptr<const notification> what;
  std::uint32_t attempts = 0;
  timestamp due = unset;                ///< not before; unset = at once
  std::vector<std::string> remaining{}; ///< parts still to do; empty = all
  bool stored = true;                   ///< false: the disk refused it, memory alone has it
};
/// Receiver -> notifier -> recorder: one attempt's outcome. Answered when it is on disk.
struct attempted {
  std::string id, state, answer;
  timestamp at, next_attempt;
  std::vector<std::string> remaining{};
};
/// Receiver -> notifier -> recorder: what waits for it on disk, the most urgent first? Answered with refill. By way of the
/// notifier, there and back: neither may overtake an outcome, or what was just handed out, else that is said twice.
struct refill_please {
  std::string receiver;
  std::size_t most;
};
struct refill {
  std::vector<deliver> all;
  bool complete; ///< there was no more than that
};
/// -> recorder: dead notifications made in [from, until) wait again; "" = of every receiver. Answered with how many.
struct redrive_dead {
  std::string receiver;
  timestamp from, until;
};
/// -> notifier -> receivers: dead notifications wait again; look at the disk.
struct look_at_outbox {};
/// Receiver -> notifier: its breaker opened or closed.
struct receiver_health {
  std::string receiver;
  bool works;
  std::string answer;
};

// -- steering and questions -----------------------------------------------------------------------

struct new_rules {
  std::shared_ptr<const rule_book> rules;
  alerting_rules receivers;
};
/// Time to look whether a deadline is due.
struct wake_up {
  std::uint64_t generation;
};
struct snapshot_due {
  bool at_once = false;
};
struct commit_due {};
struct store_again {}; ///< what the store refused
struct stop_now {};
/// -> unit when everything before it is durable; with `snapshots` also the one that is being written.
struct flush {
  bool snapshots = false;
};

/// -> daemon_list
struct list_daemons {
  std::string host, state; ///< empty = all
  std::size_t most = 1000, from = 0;
};
using status_ptr = std::shared_ptr<const daemon_status>;
struct daemon_list {
  std::vector<status_ptr> daemons;
  std::size_t total = 0; ///< that match
  std::size_t known = 0; ///< all of the shard
};
/// To a daemon's handle -> status_ptr.
struct describe {};
/// -> caf::actor: the handle of one daemon.
struct find_daemon {
  std::string host, service;
};
/// -> groups_list
struct list_groups {};
using groups_list = std::shared_ptr<const std::vector<group_status>>;

// -- what people order -----------------------------------------------------------------------------

/// -> groups: would this be obeyed? Answered with unit, or with the refusal's text as an error.
struct would_obey {
  operator_command order;
  timestamp now;
};
/// -> intake: sequenced, journaled and obeyed; answered with unit once all of it is said.
struct operator_order {
  std::string bytes; ///< encoded, and accepted by would_obey
};
/// -> groups: alarms_answer
struct ask_alarms {};
using alarms_answer = std::shared_ptr<const alarm_view>;
/// -> groups: figures_answer
struct ask_figures {
  timestamp now;
};
using figures_answer = std::shared_ptr<const kpi_report>;
/// -> groups: decisions_answer, the decisions in force about an incident
struct ask_standing {
  std::string incident;
};
using decisions_answer = std::shared_ptr<const std::vector<decision>>;

/// Of a cluster. Recorder -> desk: a receiver of ours has it, or never will. Desk -> groups -> recorder: another node says so.
struct notification_settled {
  std::string id, by;
  bool dead = false; ///< it never will
};
/// Of a cluster: we lead from here on. Desk -> groups -> recorder, in line with what is told.
struct lead_taken {};

/// The canary's receiver -> its keeper.
struct canary_told {
  bool opened;
  timestamp due; ///< of the notification
};

/// A message to a subject, on its way through the subject's host.
struct hosted_message {
  caf::strong_actor_ptr to;
  caf::message what;
};

} // namespace tocsin

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::source_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::source_behind)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::source_trouble)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::source_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::step)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::step_said)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::step_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::take_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::snapshot_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::continue_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::snapshot_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::snapshot_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::story_told)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::journal_append)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::journaled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::quarantined)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::attempted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::refill_please)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::refill)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::look_at_outbox)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::redrive_dead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::receiver_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::canary_told)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::notification_settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::lead_taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::new_rules)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::wake_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::snapshot_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::commit_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::store_again)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::stop_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::flush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::list_daemons)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::daemon_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::status_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::describe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::find_daemon)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::list_groups)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::groups_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::would_obey)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::operator_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::ask_alarms)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::alarms_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::ask_figures)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::figures_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::ask_standing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::decisions_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(tocsin::hosted_message)
