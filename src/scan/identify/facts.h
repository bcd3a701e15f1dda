/*
 * facts.h - what one service says of itself, before anything is concluded from it.
 *
 * A kind is either the name that Recog's files match ("ssh.banner", "http_header.server",
 * "html_title", ...) or one of Recog's parameters for what a protocol states in a field of its own
 * ("service.product", "service.version", "os.product", "host.name", ...). Of fixed size and without
 * pointers into itself, so it may be copied; what does not fit is left out and is_full says so.
 */
#pragma once

#include "base/span.h"

#define SERVICE_FACTS_MAX     32
#define SERVICE_TEXT_MAX      8192 /* all texts together */
#define SERVICE_FACT_TEXT_MAX 2048 /* one text: longer ones are cut */
#define SERVICE_BANNER_MAX    256  /* first bytes that the server sent, as they came */
#define SERVICE_PROTOCOL_MAX  24
#define SERVICE_NOTE_MAX      96

struct service_fact {
	const char *kind; /* static */
	uint16_t at;      /* into text */
	uint16_t len;
};

enum service_layer {
	SERVICE_PLAIN,
	SERVICE_TLS,      /* TLS from the first byte on */
	SERVICE_STARTTLS, /* the protocol offers TLS, and it was not entered or was: see is_tls_open
			   */
};

struct service_facts {
	char protocol[SERVICE_PROTOCOL_MAX]; /* "ssh", "http", ...; "unknown"; "" where nothing
						was reached */
	enum service_layer layer;
	bool is_tls_open;                /* a TLS handshake was completed */
	char alpn[SERVICE_PROTOCOL_MAX]; /* agreed; "" where none */
	char found[SERVICE_NOTE_MAX];    /* how: "banner", "answer to http", "answer to tls" */
	char gave_up[SERVICE_NOTE_MAX];  /* a limit that ended it: "64 KiB of banner"; "" */
	uint8_t banner[SERVICE_BANNER_MAX];
	uint16_t banner_len;
	uint16_t count;
	uint16_t text_used;
	bool is_full;         /* facts were left out */
	bool is_tls_expected; /* it said that TLS is to be spoken there */
	struct service_fact facts[SERVICE_FACTS_MAX];
	uint8_t text[SERVICE_TEXT_MAX];
};

/* Adds a fact; bytes as they are, blanks at both ends left out. Empty ones and exact repetitions
 * are not added. kind must be static. */
void facts_add(struct service_facts *facts, const char *kind, struct span text);
void facts_add_text(struct service_facts *facts, const char *kind, const char *text);

/* The same for bytes that must stay as they are. */
void facts_add_raw(struct service_facts *facts, const char *kind, struct span bytes);

/* Adds "a.b.c" of numbers; count of them, at most 4. */
void facts_add_version(struct service_facts *facts, const char *kind, const unsigned *numbers,
		       size_t count);

/* Text of a fact. */
struct span facts_text(const struct service_facts *facts, size_t index);

/* The first fact of a kind; empty where there is none. */
struct span facts_find(const struct service_facts *facts, const char *kind);

/* Sets the protocol's name; cut where too long. */
void facts_set_protocol(struct service_facts *facts, const char *name);
