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
	bool is_told;       /* that it appeared */
	int64_t appeared_s; /* 0: in the first scan of its scope */
};

struct place {
	char address[46];
	uint32_t scope; /* its number */
	uint32_t asset; /* 0: none yet */
	bool is_public;
	bool is_dirty;
	bool is_known;          /* something was found there before */
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
	char *detail;
	char *by; /* the operator; NULL */
};

struct place_scope {
	char name[INVENTORY_SCOPE_SIZE];
	struct scope_name is;
	bool is_authorised;
	bool is_baseline; /* not yet scanned through: what comes is not new */
	bool is_finished; /* told in this turn */
};

/* One row that came to a place or left it in this turn. */
struct place_delta {
	uint32_t place;
	uint32_t row;
	uint16_t table;
	bool is_added;
};

struct numbers32 {
	uint32_t *items;
	size_t count;
	size_t capacity;
};
void numbers32_push(struct numbers32 *list, uint32_t number);
void numbers32_done(struct numbers32 *list);

/* What scanners told: tables TABLE_SCAN_SCOPES to TABLE_SCAN_HOST_KEYS. */
#define REPORT_FIRST  TABLE_SCAN_SCOPES
#define REPORT_LAST   TABLE_SCAN_HOST_KEYS
#define REPORT_TABLES (REPORT_LAST - REPORT_FIRST + 1)

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

struct estate {
	struct inventory *inv;
	bool is_loaded;
	bool is_loading; /* nothing that comes is new */
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

/* The scope's number, made where it is new (not authorised then). */
uint32_t place_scope(struct estate *e, struct span name);

/* Brings rows up to date with what the scanners hold. */
MUST_USE int places_follow(struct estate *e, struct why *why);

/* Reads mac, keys and certificates of a place. */
MUST_USE int place_read_facts(struct estate *e, uint32_t place, struct why *why);

void place_bind(struct estate *e, uint32_t place, uint32_t asset);
struct span place_asset_text(const uint32_t *asset);

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

/* Notes which ports are open now. */
MUST_USE int place_note_ports(struct estate *e, uint32_t place, struct why *why);
struct place_port *place_port(struct place *p, uint16_t port, uint8_t transport);
struct place_port *place_port_add(struct place *p, uint16_t port, uint8_t transport);

/* --- exposed.c --- */
MUST_USE int exposed_judge(struct estate *e, uint32_t asset, struct why *why);

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
