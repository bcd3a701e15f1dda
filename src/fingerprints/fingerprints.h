/*
 * fingerprints.h - what a banner says about product, version, system and hardware.
 *
 * Fingerprints are Recog's (github.com/rapid7/recog): XML files, loaded at run time. A text of a
 * kind ("ssh.banner": the file's `matches`) goes once through all patterns of that kind in linear
 * time; only those that may match are then tried, in the file's order, for what they capture.
 * Whatever a stranger sends, a match takes bounded time and memory, and never fails.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

struct fingerprints;

/* From the data folder: what the feed `recog` leaves. */
#define FINGERPRINTS_PATH "feeds/fingerprints"

#define FINGERPRINTS_TEXT_MAX   4096 /* bytes of a text that are looked at */
#define FINGERPRINT_PARAMS_MAX  32
#define FINGERPRINT_VALUES_SIZE 16384 /* all values of one match, with what they are made of */

/* "service.version" = "9.2p1". Values are bytes from outside: escape them before a terminal. */
struct fingerprint_param {
	struct span name;
	struct span value;
};

/* What one fingerprint says of one text. Spans point into it and into the fingerprints: both must
 * stay where they are. */
struct fingerprint_match {
	struct span description; /* "OpenSSH running on Debian 12 (bookworm)" */
	struct span kind;        /* "ssh.banner" */
	unsigned line;           /* of the fingerprint, in its file */
	unsigned preference;     /* of its file against others, percent */
	unsigned certainty;      /* of the fingerprint, percent; Recog's default is 85 */
	unsigned os_certainty;   /* of what it says of the system, percent */
	size_t param_count;
	struct fingerprint_param params[FINGERPRINT_PARAMS_MAX];
	uint8_t values[FINGERPRINT_VALUES_SIZE]; /* private */
	size_t values_used;                      /* private */
};

/* Where fingerprints come from, or empty: a folder of XML files, one such file, or what the feed
 * `recog` left (one file of all). ERR_NOT_FOUND; ERR_MALFORMED, ERR_LIMIT with the file and line.
 */
MUST_USE int fingerprints_open(const char *path, struct fingerprints **out, struct why *why);

/* Of the bytes of one file, as above; name is for people. The bytes are not kept. */
MUST_USE int fingerprints_open_bytes(struct span name, struct span bytes, struct fingerprints **out,
				     struct why *why);

/* The first there is of: flag (then no other), $BARTIZAN_FINGERPRINTS (the same),
 * DATA/FINGERPRINTS_PATH where data_folder is not NULL, /usr/share/bartizan/recog. ERR_NOT_FOUND
 * names the places and how to get fingerprints. */
MUST_USE int fingerprints_open_default(const char *flag, const char *data_folder,
				       struct fingerprints **out, struct why *why);

void fingerprints_free(struct fingerprints **f);

/* True, and out filled, where a fingerprint of this kind matches: the first in order of preference
 * and file. False for a kind nobody knows. Not const: a kind is
 * made ready when it is first asked for. */
bool fingerprints_match(struct fingerprints *f, struct span kind, struct span text,
			struct fingerprint_match *out);

/* All that match, in that order: the next after `from`, an opaque place that starts as 0. */
bool fingerprints_match_next(struct fingerprints *f, struct span kind, struct span text,
			     size_t *from, struct fingerprint_match *out);

/* The value of a parameter; empty where the match has none of this name. */
struct span fingerprint_param(const struct fingerprint_match *m, const char *name);

bool fingerprints_knows(const struct fingerprints *f, struct span kind);

struct fingerprints_figures {
	uint64_t documents;
	uint64_t kinds;
	uint64_t fingerprints;
	uint64_t examples;
	uint64_t always;     /* of the kinds asked for: patterns that are tried for every text */
	uint64_t bytes;      /* of the kinds asked for: their automata */
	uint64_t texts;      /* asked for so far */
	uint64_t candidates; /* patterns tried one by one for them */
	uint64_t given_up;   /* of these, beyond the limits of steps: taken as no match */
};

struct fingerprints_figures fingerprints_figures(const struct fingerprints *f);
