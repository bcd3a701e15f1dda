/*
 * document.h - one file of fingerprints in Recog's XML (its fingerprints.xsd):
 *
 *   <fingerprints matches="ssh.banner" protocol="ssh" database_type="service" preference="0.90">
 *     <fingerprint pattern="^OpenSSH_([\d.]+)$" flags="REG_ICASE" certainty="0.9">
 *       <description>OpenSSH</description>
 *       <example service.version="9.2">OpenSSH_9.2</example>
 *       <param pos="0" name="service.product" value="OpenSSH"/>
 *       <param pos="1" name="service.version"/>
 *
 * Nothing of a file is believed before it is whole: a document is read to its end or not at all.
 * A DOCTYPE is refused, so there are no entities to expand.
 */
#pragma once

#include "base/attr.h"
#include "fingerprints/arena.h"
#include "sys/why.h"

#define DOCUMENT_SIZE_MAX         (16u << 20)
#define DOCUMENT_FINGERPRINTS_MAX 20000
#define DOCUMENT_PARAMS_MAX       31 /* of one fingerprint; service.protocol may join them */
#define DOCUMENT_EXAMPLES_MAX     1000
#define DOCUMENT_STATED_MAX       32 /* attributes of one example */
#define DOCUMENT_PATTERN_MAX      8192
#define DOCUMENT_TEXT_MAX         65536 /* of one description or example */
#define DOCUMENT_NAME_MAX         128   /* of a parameter, a kind, a protocol */
#define DOCUMENT_VALUE_MAX        1024  /* of a parameter */
#define DOCUMENT_DEPTH_MAX        8
#define DOCUMENT_POSITION_MAX     99

struct document_param {
	struct span name;
	struct span value; /* where position is 0: literal, with {names} of others */
	unsigned position; /* of the group that captures it */
};

struct document_example {
	struct document_example *next;
	struct span text;              /* decoded */
	struct document_param *stated; /* what it must yield */
	size_t stated_count;
	bool is_elsewhere; /* its text lies in a file of its own (_filename) */
	unsigned line;
};

struct document_fingerprint {
	struct span pattern; /* as Ruby reads it */
	struct span description;
	bool is_caseless;
	bool is_dot_all;    /* a dot matches a line's end too */
	unsigned certainty; /* percent; 0: not said */
	struct document_param *params;
	size_t param_count;
	struct document_example *examples; /* NULL where they were not wanted */
	unsigned line;
};

struct document {
	struct arena arena;
	struct span name; /* of the file */
	struct span kind;
	struct span protocol;
	unsigned preference; /* percent */
	struct document_fingerprint *fingerprints;
	size_t count;
	size_t example_count; /* also where they were not wanted */
};

/* Copies all it keeps. ERR_MALFORMED, ERR_LIMIT, ERR_UNSUPPORTED (a flag or encoding we do not
 * know), with the file's name, the line and what was wrong. */
MUST_USE int document_parse(struct span name, struct span xml, bool with_examples,
			    struct document *out, struct why *why);

void document_done(struct document *d);

/* True where the root element of the XML is Recog's; its rest is not looked at. */
bool document_is_recog(struct span xml);

/* "0.85", ".8", "1", as certainties and preferences are written: percent, rounded down.
 * ERR_MALFORMED for anything that is no number from 0 to 1. */
MUST_USE int document_percent(struct span text, unsigned *out);
