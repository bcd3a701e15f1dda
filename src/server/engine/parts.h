/*
 * parts.h - the engine's state, as the files of this folder share it; nobody else includes this.
 *
 * An engine has tenants and links; a link has sessions; a session has at most one kept batch
 * a table, which waits for rows.
 */
#pragma once

#include "formats/scope_proof.h"
#include "server/engine/engine.h"
#include "server/engine/limits.h"
#include "server/idmap.h"
#include "server/inventory/inventory.h"
#include "server/tenants/tenants.h"
#include "sys/log.h"
#include "wire/session.h"

struct estate;
struct findings;
struct kept_batch;
struct knowledge;
struct pending_answer;
struct enrolment;
struct scope_attempt;
struct scope_watch;

struct engine_tenant {
	struct engine *engine;
	char name[TENANT_NAME_SIZE];
	struct inventory *inventory; /* NULL where its file cannot be opened now */
	struct findings *findings;   /* of that inventory */
	struct estate *estate;       /* as that */
	size_t told_streams;         /* of its findings' streams, to the feeds */
	int64_t retry_at_ms;         /* by clock_ms: then it may be tried again */
	struct engine_session **by_asset;
	size_t by_asset_size;
	uint64_t newest_change;    /* of what was applied */
	uint64_t announced_change; /* of what the api was told */
	uint64_t announced_event;
	bool has_sensor_news; /* a sensor came or went since the api was told */
	bool is_failing;      /* writing failed lately: logged once */
	bool is_undone;       /* in this turn: nothing of it counts */
	/* batches that wait for rows, oldest first */
	struct kept_batch *kept;
	struct kept_batch *kept_last;
	struct idmap asked;      /* row -> the kept batch whose sensor was asked for it */
	bool has_batches_to_try; /* some wait for nobody any more */
	bool is_policy_due;      /* sessions from policy_next on are to be looked at */
	size_t policy_next;
	struct replacements *replacements; /* NULL: none yet */
	struct scope_watch *scope_watches; /* NULL: none yet */
	int64_t scope_allowance_ms;        /* scope_proofs.c: of attempts asked for */
	int64_t scopes_look_ms;            /* by clock_wall_ms: then proofs are looked at */
	struct engine_tenant *next;
};

struct engine_session {
	struct engine_link *link;
	uint64_t id;
	struct engine_tenant *tenant;
	char sensor_id[INVENTORY_ID_SIZE];
	char address[64];
	char replaced[64]; /* address of the sensor's session that this one took the place of */
	char version[32];
	uint8_t key_hash[32];
	bool is_welcome; /* hello was accepted: asset is set */
	bool is_ended;   /* goodbye was said; what still comes is dropped */
	uint32_t asset;
	struct session_guard guard;
	bool is_greeted;                            /* the welcome was sent */
	bool is_policed;                            /* it knows policies */
	bool is_scanner;                            /* it may tell what it found elsewhere */
	uint8_t policy[MESSAGE_POLICY_DIGEST];      /* in force there, as it says */
	uint8_t policy_sent[MESSAGE_POLICY_DIGEST]; /* the last one sent; zero: none */
	struct kept_batch *kept[MESSAGE_TABLES_MAX];
	size_t kept_bytes;
};

struct engine_link {
	struct engine *engine;
	enum engine_peer peer;
	engine_send *send;
	void *context;
	struct idmap sessions; /* id -> struct engine_session, owned */
	uint64_t ingest_figures[INGEST_FIGURES];
	struct engine_link *next;
};

struct engine_figures {
	uint64_t commits;
	uint64_t commit_failures;
	uint64_t commit_us;
	uint64_t batches;
	uint64_t rows;
	uint64_t wants;
	uint64_t resyncs;
	uint64_t refusals;
	uint64_t enrolments;
	uint64_t sessions;
	uint64_t policies;
};

struct engine {
	char data_folder[4096];
	int64_t cert_life_s;
	struct platform *platform;
	struct authority *authority;
	struct engine_tenant *tenants;
	struct engine_link *links;
	struct engine_figures figures;
	struct knowledge *knowledge;          /* what the feeds say; NULL: nothing yet */
	bool is_offline;                      /* nothing outside is asked */
	struct scope_attempt *scope_attempts; /* under way */
	uint64_t scope_attempt_no;            /* of the latest */
	size_t kept_bytes;                    /* of all sessions */
	/* this turn's */
	int64_t turn_started_us; /* 0: nothing was done yet */
	size_t turn_bytes;
	struct pending_answer *answers; /* given after the commit */
	size_t answer_count;
	size_t answer_capacity;
	struct enrolment *enrolments; /* oldest first */
	struct enrolment *enrolments_last;
	size_t enrolment_count;
	struct why open_failure; /* of an inventory, when the engine opened */
	int64_t last_work_ms;
	int64_t last_tidy_ms;
	int64_t last_flush_ms;
	int64_t next_drop_ms; /* then old events are looked for */
	struct log_limit refused_lines;
	uint8_t *frame_room; /* FRAME_BYTES_MAX and a head: where frames are written */
};

/* --- engine.c --- */

/* NULL where there is no such tenant. */
struct engine_tenant *engine_tenant_find(struct engine *engine, struct span name);

/* Adds a tenant that platform.db has, and opens its inventory. */
MUST_USE int engine_tenant_open(struct engine *engine, const char *name, struct why *why);

/* Its inventory with a transaction open, or NULL where that cannot be had now. */
struct inventory *engine_tenant_begin(struct engine_tenant *tenant);

/* After an inventory's function failed: where that has undone the whole transaction, all of this
 * turn fails. */
void engine_tenant_failed(struct engine_tenant *tenant, const struct why *why);

/* There may be another knowledge file: every tenant's findings follow it from here on. */
void engine_follow_knowledge(struct engine *engine);

/* Tells the feeds which families of systems ("redhat") a tenant's assets run, where that is news:
 * some feeds are fetched for these only. */
void engine_tell_families(struct engine_tenant *tenant);

/* Whether the feeds role is there. */
bool engine_has_feeds(const struct engine *engine);

/* Sends to every link of a kind. */
void engine_tell(struct engine *engine, enum engine_peer peer, uint8_t kind, struct span body);

/* --- sessions.c --- */
void session_opened(struct engine_link *link, uint64_t id, struct span body);
void session_frame(struct engine_link *link, uint64_t id, struct span frame);
void session_closed(struct engine_link *link, uint64_t id);
void session_free_all(struct engine_link *link);

/* Sends one message to a session's sensor, followed by its guard. */
void session_send(struct engine_session *s, const struct message *message);

/* Something about the sensor is new: it is written with this turn, and the api is told. */
void session_has_news(struct engine_session *s);

/* Says goodbye and drops what still comes. */
void session_end(struct engine_session *s, enum goodbye_code code, uint64_t retry_ms,
		 const char *text);

/* NULL, or why a sensor's certificate is not accepted (any more). */
const char *session_refusal(struct inventory *inv, const char *sensor_id,
			    const uint8_t key_hash[32]);

/* The session of a tenant's sensor, or NULL. */
struct engine_session *session_of_sensor(struct engine_tenant *tenant, const char *sensor_id);

/* --- batches.c --- */
void batch_received(struct engine_session *s, const struct message_batch *batch, struct span frame);
void batch_rows_received(struct engine_session *s, const struct message_rows *rows);

/* The session is gone: its batches too. */
void batch_forget(struct engine_session *s);

/* Tries those again that wait for nobody any more, until the turn is long enough: then true. */
bool batch_try_waiting(struct engine_tenant *tenant);

/* The turn's transaction was undone, and with it rows that had come already: batches that wait for
 * the rest of theirs are refused when it is here, so that the sensor sends them later. */
void batch_undone(struct engine_tenant *tenant);

/* Lets others ask for what a sensor was asked for long ago. */
void batch_expire(struct engine_tenant *tenant, int64_t now_ms);

/* --- duplicates.c --- */

/* A sensor's session took the place of another one of the same sensor, from this address; nothing
 * where that is "". Where it goes to and fro, two machines have one key. */
void duplicate_replaced(struct engine_session *s, const char *address);

/* Two that were told of long ago are taken for mended. */
void duplicate_forgive(struct engine_session *s);

/* --- policies.c --- */

/* A sensor says which policy is in force there; empty where it says nothing. */
void policy_said(struct engine_session *s, struct span digest);

/* Sends what applies to a sensor, where it has another one in force. Outside of a turn's work. */
void policy_offer(struct engine_session *s);

/* Policies or tags have changed: each of the tenant's sensors is to be looked at. */
void policy_changed(struct engine_tenant *tenant);

/* Looks at some of them. True where some are left. */
bool policy_offer_some(struct engine_tenant *tenant);

/* --- commit.c --- */

enum pending_kind { PENDING_WELCOME, PENDING_ACK, PENDING_EVENTS_ACK };

/* What is to be said when the commit has succeeded. */
struct pending_answer {
	enum pending_kind kind;
	struct engine_link *link; /* NULL: it is gone */
	uint64_t session;
	struct engine_tenant *tenant;
	uint16_t table;
	uint64_t seq;   /* PENDING_EVENTS_ACK: next */
	uint64_t epoch; /* PENDING_EVENTS_ACK */
};
void commit_queue(struct engine_session *s, enum pending_kind kind, uint16_t table, uint64_t seq);
void commit_queue_events(struct engine_session *s, uint64_t epoch, uint64_t next);

/* A link is gone: nothing is to be said to it. */
void commit_forget_link(struct engine_link *link);

/* Counts work, in bytes that came, towards this turn. */
void commit_note(struct engine *engine, size_t bytes);

/* True where this turn has been long or large enough. */
bool commit_is_due(const struct engine *engine);

/* --- enrolment.c --- */

enum enrolment_kind { ENROLMENT_FIRST, ENROLMENT_RENEWAL, ENROLMENT_CLONE };

/* BUS_ENROL, BUS_REENROL and BUS_CLONE: carried out with the commit. */
void enrolment_queue(struct engine_link *link, enum enrolment_kind kind, uint64_t id,
		     struct span body);
void enrolment_forget_link(struct engine_link *link);

/* Redeems tokens and signs, until the turn is long enough: *is_more says whether some are left.
 * True where platform.db now has a transaction open. */
bool enrolment_run_all(struct engine *engine, bool *is_more);

/* The turn was committed, or not: answers those that were carried out, and forgets them. */
void enrolment_answer_all(struct engine *engine, bool is_durable);

/* --- scope_proofs.c --- */

/* Has the feeds role look at what is published of a scope; the outcome is judged when it comes.
 * actor: who asked. ERR_CONFLICT, ERR_AGAIN, ERR_UNSUPPORTED with a reason where it is not done. */
MUST_USE int scope_proof_ask(struct engine_tenant *tenant, const struct inventory_scope *scope,
			     enum scope_proof_method method, const char *actor, struct why *why);

/* BUS_SCOPE_LOOKED. */
void scope_proof_looked(struct engine *engine, struct span body);

/* The feeds role is gone: it answers no more. */
void scope_proofs_lost(struct engine *engine);

/* Scopes have changed: what is due may have, too. */
void scope_proofs_changed(struct engine_tenant *tenant);

/* Checks proofs anew that were checked long ago, and lets go of attempts that nobody answered. */
void scope_proofs_tick(struct engine *engine);
void scope_proofs_free(struct engine_tenant *tenant);

/* Scopes are scanned, or not, that were not, or were. */
void scope_announce(struct engine_tenant *tenant);
