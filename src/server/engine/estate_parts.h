/*
 * estate_parts.h - the state of estate.h, as its files share it; nobody else includes this.
 */
#pragma once

#include "formats/scope_name.h"
#include "server/engine/estate.h"
#include "server/engine/links.h"
#include "server/services/joining.h"

/* What of a place identifies a machine; more is left out. */
#define PLACE_KEYS_MAX  8
#define PLACE_CERTS_MAX 16

/* A row that scanners hold of a place. */
struct place_row {
	uint32_t row;
	uint16_t table;
	uint16_t count; /* scanners that hold it */
};

/* A port that was open there at some time. */
struct place_port {
	uint16_t port;
	uint8_t transport; /* by its first letter */
	bool is_open;
	bool was_open;        /* before this turn */
	bool is_told;         /* that it appeared */
	uint32_t closed_in;   /* during which run of its scope, counted from 1; 0: never */
	uint32_t expected_in; /* during this one it may come back with its machine */
	int64_t appeared_s;   /* 0: in the first scan of its scope */
};

struct place {
	char address[46];
	uint32_t scope; /* its number */
	uint32_t asset; /* 0: none yet */
	bool is_public;
	bool is_dirty;
	bool is_known;          /* something was found there before */
	bool is_quiet;          /* what comes in this turn is not new: a decision let it in */
	bool is_leaving;        /* what answered there is gone since this turn */
	uint32_t quiet_runs;    /* what comes before its scope has ended so many runs is not new */
	struct place_row *rows; /* by table and row */
	uint32_t row_count;
	uint32_t row_capacity;
	struct place_port *ports;
	uint32_t port_count;
	uint32_t port_capacity;
	/* facts, read when it is settled */
	char mac[24];
	struct rowhash keys[PLACE_KEYS_MAX];
	uint32_t key_count;
	char key[80]; /* the first one */
	struct rowhash certs[PLACE_CERTS_MAX];
	uint32_t cert_count;
	/* why it belongs to its asset */
	enum join_evidence evidence;
	int confidence;
	int64_t since_s;
	int64_t gone_s;     /* since when nothing answers; 0: something does */
	int64_t answered_s; /* where it is gone: when the last run in which it answered ended */
	char *detail;
	char *by; /* the operator; NULL */
};

/* What scanners told: tables TABLE_SCAN_SCOPES to TABLE_SCAN_HOST_KEYS. */
#define REPORT_FIRST  TABLE_SCAN_SCOPES
#define REPORT_LAST   TABLE_SCAN_HOST_KEYS
#define REPORT_TABLES (REPORT_LAST - REPORT_FIRST + 1)

struct numbers32 {
	uint32_t *items;
	size_t count;
	size_t capacity;
};
void numbers32_push(struct numbers32 *list, uint32_t number);
void numbers32_done(struct numbers32 *list);

struct place_scope {
	char name[INVENTORY_SCOPE_SIZE];
	struct scope_name is;
	bool is_authorised;
	bool is_wanted;      /* authorised, as the records say now */
	bool is_on;          /* scanners are asked to scan it */
	bool is_baseline;    /* not yet scanned through: what comes is not new */
	bool is_finished;    /* told in this turn */
	uint32_t runs;       /* that ended, since the start */
	int64_t finished_s;  /* the end of the latest complete run, before this turn */
	int64_t finishing_s; /* and with it */
	struct numbers32 refused[REPORT_TABLES]; /* rows that are nobody's, as it stands */
};

/* One row that came to a place or left it in this turn. */
struct place_delta {
	uint32_t place;
	uint32_t row;
	uint16_t table;
	bool is_added;
};

struct scanner {
	uint32_t asset;
	struct numbers32 held[REPORT_TABLES];
	uint32_t touched; /* a bit a table */
};

/* What an agent says of its machine, and where each text is linked. */
struct agent_text {
	struct links *in;
	char *text;
};
struct agent {
	struct agent_text *texts;
	size_t count;
	size_t capacity;
};

struct decision {
	uint32_t place; /* its number */
	uint32_t asset;
	bool is_join;
	char *by;
};

/* An exposure that somebody accepted, and that has not ended. */
struct exposure_acceptance {
	uint64_t no;
	uint32_t asset;
	struct rowhash key; /* of rule and subject */
	struct rowhash identity;
	int64_t until_ms;
};

struct estate {
	struct inventory *inv;
	bool is_loaded;
	bool is_loading;      /* nothing that comes is new */
	bool is_reconsidered; /* scopes or decisions may differ from what is held here */
	bool is_deciding;     /* what comes and goes does so because of a decision */
	struct place_scope *scopes;
	uint32_t scope_count;
	struct place *places;
	uint32_t place_count;
	uint32_t place_capacity;
	struct numbering place_names;          /* of scope and address */
	uint32_t *place_of_row[REPORT_TABLES]; /* by row number; PLACE_UNKNOWN, PLACE_NONE */
	uint32_t place_of_row_size[REPORT_TABLES];
	struct scanner *scanners;
	size_t scanner_count;
	struct links places_by_address;
	struct links places_by_mac;
	struct links places_by_key;
	struct links places_by_cert;
	struct links places_by_asset;
	struct links agents_by_address;
	struct links agents_by_mac;
	struct links agents_by_key;
	struct links agents_by_cert;
	struct agent *agents; /* by asset */
	size_t agents_size;
	bool are_agents_known;
	struct decision *decisions;
	size_t decision_count;
	struct exposure_acceptance *accepted;
	size_t accepted_count;
	bool are_accepted_known;
	int64_t next_until_ms; /* when the next of them runs out; 0: none does */
	/* this turn's */
	struct numbers32 dirty; /* places */
	struct numbers32 touched_agents;
	struct numbers32 touched_assets; /* whose derived tables are to be made anew */
	struct numbers32 exposed_assets; /* whose exposures are */
	struct numbers32 changed_assets; /* of the latest turn that settled anything */
	struct place_delta *deltas;
	size_t delta_count;
	size_t delta_capacity;
	int64_t now_ms;
	uint64_t newest;
	/* the walk of a new day */
	int64_t judged_day;
	uint32_t next_asset;
	uint64_t alerts; /* raised since the start */
};

#define PLACE_UNKNOWN UINT32_MAX
#define PLACE_NONE    (UINT32_MAX - 1)

/* --- places.c --- */

/* The place's number, made where it is new. */
uint32_t place_make(struct estate *e, uint32_t scope, struct span address);
bool place_find(const struct estate *e, uint32_t scope, struct span address, uint32_t *out);
void place_dirty(struct estate *e, uint32_t place);

/* Rows come to a place, or leave it, as if scanners told them. */
void place_add_row(struct estate *e, uint32_t place, uint16_t table, uint32_t row);
void place_remove_row(struct estate *e, uint32_t place, uint16_t table, uint32_t row);

/* The place that a row is about; PLACE_NONE where its scope is not the tenant's, or its address
 * not in it. */
MUST_USE int place_of_row(struct estate *e, uint16_t table, uint32_t row, uint32_t *out,
			  struct why *why);

/* The scope's number, made where it is new (not authorised then). */
uint32_t place_scope(struct estate *e, struct span name);

/* Brings rows up to date with what the scanners hold. */
MUST_USE int places_follow(struct estate *e, struct why *why);

/* Reads mac, keys and certificates of a place. */
MUST_USE int place_read_facts(struct estate *e, uint32_t place, struct why *why);

void place_bind(struct estate *e, uint32_t place, uint32_t asset);
struct span place_asset_text(const uint32_t *asset);

/* --- reconsider.c --- */

/* Reads which scopes are authorised, and what operators decided of joins; before anything is held.
 */
MUST_USE int decisions_load(struct estate *e, struct why *why);

/* Reads both again: rows of the scopes that differ come and go, and places that decisions speak of
 * are judged anew. */
MUST_USE int decisions_follow(struct estate *e, struct why *why);

/* --- agents.c --- */
MUST_USE int agents_follow(struct estate *e, struct why *why);
bool agent_is(struct estate *e, uint32_t asset);

/* --- joins.c --- */

/* Decides to which asset a place belongs, and why. */
MUST_USE int place_join(struct estate *e, uint32_t place, struct why *why);

/* --- derived.c --- */
MUST_USE int derived_make(struct estate *e, uint32_t asset, struct why *why);

/* --- alerts.c --- */

/* Tells what of this turn is new or another; was_known: before this turn. */
MUST_USE int alerts_tell(struct estate *e, struct why *why);

/* A place where nothing answers any more. */
void place_note_gone(struct estate *e, struct place *p);

/* Something answers at a place, perhaps again. */
void place_note_back(struct estate *e, struct place *p);

/* Notes which ports are open now. */
MUST_USE int place_note_ports(struct estate *e, uint32_t place, struct why *why);
struct place_port *place_port(struct place *p, uint16_t port, uint8_t transport);
struct place_port *place_port_add(struct place *p, uint16_t port, uint8_t transport);

/* --- exposed.c --- */
MUST_USE int exposed_judge(struct estate *e, uint32_t asset, struct why *why);

/* What is found by a rule at a subject now. ERR_NOT_FOUND. */
#define EXPOSED_IDENTITY_SIZE 256
MUST_USE int exposed_identity(struct estate *e, uint32_t asset, const struct rowhash *key,
			      char out[EXPOSED_IDENTITY_SIZE], struct why *why);
struct rowhash exposed_key(const char *rule, const char *subject);

/* --- exposure_acceptances.c --- */
MUST_USE int acceptances_load(struct estate *e, struct why *why);

/* The number of the acceptance that holds for a finding of an asset; 0: none does. One that does
 * not hold any more has ended with it. */
MUST_USE int acceptance_of(struct estate *e, uint32_t asset, const struct rowhash *key,
			   const struct rowhash *identity, uint64_t *out_no, struct why *why);

/* Ends those of an asset whose keys are not among these: what they are about is gone. */
MUST_USE int acceptances_end_gone(struct estate *e, uint32_t asset, const struct rowhash *keys,
				  size_t count, struct why *why);

/* The assets of those that have run out are to be judged. */
void acceptances_run_out(struct estate *e);

/* A value of a row as text; empty where it is none. */
static inline struct span estate_text(const struct row *row, unsigned column)
{
	return row->values[column].kind == VALUE_TEXT ? row->values[column].text
						      : (struct span){ NULL, 0 };
}
static inline int64_t estate_number(const struct row *row, unsigned column)
{
	return row->values[column].kind == VALUE_INTEGER ||
			       row->values[column].kind == VALUE_BOOLEAN
		       ? row->values[column].number
		       : 0;
}
