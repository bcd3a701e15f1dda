/* campaign_parts.h - the campaign, as its files share it; nobody else includes this. */
#pragma once

#include "scan/follow/follow_up.h"
#include "scan/sensor/campaign.h"
#include "scan/sensor/details.h"
#include "scan/sensor/finder.h"
#include "scan/sensor/turns.h"
#include "sys/channel.h"
#include "sys/resolver.h"

#define COURSE_REASON_SIZE 256

/* Addresses of one scope: more could not be scanned in its time. */
#define COURSE_ADDRESSES_MAX (UINT64_C(1) << 26)

/* A scope that was refused is looked at again after so long: names change, opt-outs too. */
#define COURSE_RETRY_MS 3600000

enum course_phase {
	COURSE_WAITING,    /* for its turn */
	COURSE_NAMING,     /* its name is looked up */
	COURSE_RUNNING,    /* found */
	COURSE_CONFIRMING, /* what was not seen is looked for once more */
	COURSE_FOLLOWING,  /* hosts that changed lately are looked at before the others */
	COURSE_ASKING,     /* the last answers are waited for */
	COURSE_TELLING,    /* the server has to acknowledge it */
	COURSE_REFUSED,
};

/* A scope of the policy. */
struct course {
	char name[ROWS_SCOPE_SIZE];
	struct policy_scope wish; /* its name's text is not kept */
	struct found_scope *found;
	enum course_phase phase;
	char reason[COURSE_REASON_SIZE];
	bool is_name;      /* of DNS; else a prefix */
	bool is_done;      /* was told since the start */
	bool is_stopping;  /* the finder was told to stop */
	bool is_part_only; /* of this run something could not be reached at all */
	struct targets *targets;
	char *ports;
	uint64_t probes; /* of a whole run */
	uint64_t began_s;
	int64_t retry_ms;
	uint64_t number; /* of its look-up */
};

/* A port that is to be asked, or is; by its number in asks. */
struct asking {
	struct found_scope *scope; /* NULL: free */
	struct address address;
	uint8_t transport;
	uint16_t port;
	size_t next_free;
};

#define ASKS_NONE SIZE_MAX

/* What sensor_health speaks of. */
enum health_part {
	HEALTH_DISCOVERY,
	HEALTH_IDENTIFICATION,
	HEALTH_NAMES,
	HEALTH_SCOPES,
	HEALTH_PROCESSES,
	HEALTH_PARTS
};

struct part_health {
	bool is_known;
	uint8_t state; /* campaign_health.c's */
	char reason[COURSE_REASON_SIZE];
};

/* The names of hosts: whose turn it is. */
struct naming {
	size_t scope;
	size_t host;
	int64_t until_ms; /* of a pause: no server of names answered */
	bool is_deaf;
};

struct campaign {
	struct loop *loop;
	struct found *found;
	bool is_once;
	struct campaign_hooks hooks;
	void *context;
	struct channel *finder;
	struct follow_up *follow_up;
	struct resolver *scope_names;
	struct resolver *host_names; /* NULL: nobody wants them */
	struct course *courses[POLICY_SCOPES_MAX];
	size_t course_count;
	struct course *running; /* that the finder works for; NULL: none */
	int64_t running_since_ms;
	uint64_t number; /* the latest id given to anything */
	uint64_t find_id;
	struct loop_timer *second;
	int64_t watched_ms;
	int64_t follow_ms; /* when it was last seen that nothing is to be followed */
	bool is_unsaved;
	bool is_saved_now; /* the end of a run */
	int64_t saved_ms;
	uint64_t progress;

	struct asking *asks;
	size_t ask_capacity;
	size_t ask_count;
	size_t free_ask;

	struct naming naming;
	char lacks[COURSE_REASON_SIZE]; /* what the asking process does without; "" */
	bool is_finder_heard;
	bool is_finder_raw;
	int64_t finder_heard_ms; /* or had nothing to say */
	int64_t asker_heard_ms;
	struct part_health health[HEALTH_PARTS];
};

void campaign_changed(struct campaign *c, uint16_t table);

/* A process is gone, or as good as: remembered for those that come after, then told. */
void campaign_lost(struct campaign *c, const char *which);

/* --- campaign_run.c --- */

/* Of the ports as they were asked for. */
void run_digest_ports(const struct policy_scope *wish, uint8_t out[SHA256_SIZE]);

/* Begins a run of the course, or goes on with one. */
void run_begin(struct campaign *c, struct course *course);

/* Its name was looked up. */
void run_named(struct campaign *c, struct course *course, const struct resolver_answer *answer);

/* Looks at hosts of the course that changed lately. False where there are none. */
bool run_follow(struct campaign *c, struct course *course);

/* Its probes end now, and it goes on from where it surely was, unless it is given up. */
void run_give_up(struct campaign *c, struct course *course);
void run_message(void *campaign, uint8_t kind, uint64_t id, struct span body);

/* Phases that wait for others: has it come? */
void run_look(struct campaign *c, struct course *course);

/* --- campaign_ask.c --- */

/* payload: its answer of UDP to discovery; may be empty. What is new or changed goes first. */
void ask_queue(struct campaign *c, struct found_scope *scope, const struct found_host *host,
	       struct found_port *port, struct span payload);

/* How many of the scope's are queued or under way. */
size_t ask_left(const struct campaign *c, const struct found_scope *scope);

/* Queues what the scope's run has seen and not asked yet. */
void ask_rest(struct campaign *c, struct found_scope *scope);

/* None of the scope's any more; what is under way ends at once. */
void ask_drop(struct campaign *c, const struct found_scope *scope);

/* Ports that changed lately, and certificates that end soon, are asked between runs. */
void ask_watched(struct campaign *c, const struct course *course, int64_t now_ms);

/* Whether a host changed lately and is to be probed again before it is its scope's turn. */
bool follow_is_due(const struct course *course, const struct found_host *host, int64_t now_ms);

/* Of follow_up. */
bool ask_turn(void *campaign, uint64_t about, struct follow_ask *out);
void ask_answered(void *campaign, uint64_t about, const struct follow_answer *answer);
void ask_skipped(void *campaign, uint64_t about, enum follow_up_skip why);

/* --- campaign_names.c --- */

/* Asks for names of hosts, a few each second. */
void names_some(struct campaign *c, int64_t now_ms);

/* For the resolver: the name of an address came, or none. */
void names_answered(void *campaign, void *about, const struct resolver_answer *answer);

/* --- campaign_health.c --- */

void health_look(struct campaign *c);
