/*
 * subject.h - what of an installed package is compared with what a feed says: which package of
 * which stream, which version, by whose order.
 *
 * A subject borrows from its row and points into itself: it is filled in place and not copied.
 */
#pragma once

#include "server/services/vulnerability.h"

/* A name or a version that had to be made of parts; longer ones are not judged. */
#define SUBJECT_ROOM 512

struct subject {
	struct span stream;
	struct span package;
	struct span version;
	const char *rule; /* by which they were found */
	int (*compare)(struct span a, struct span b);
	bool (*is_valid)(struct span version);
	bool is_removed;      /* only its configuration is left */
	bool is_of_ecosystem; /* a language's, not a distribution's */
	bool is_foreign;      /* a language's package that the distribution installed */
	bool has_lines;       /* versions with several fixes: one a module or minor release */
	/* Whether one of the versions that an entry lists is this one; NULL: by the order. */
	bool (*is_listed)(struct span listed, struct span version);
	bool is_windows; /* the system that it runs on, as far as that is known */
	bool is_not_windows;
	enum confidence confidence;
	const char *doubt; /* struct judgement */
	uint8_t package_room[SUBJECT_ROOM];
	uint8_t version_room[SUBJECT_ROOM];
};

/* Each false where the row says too little to be judged, or is none of theirs. stream is the
 * release's and is borrowed. */
bool subject_of_dpkg(const struct row *package, struct span stream, struct subject *out);
bool subject_of_rpm(const struct row *package, struct span stream, struct subject *out);
bool subject_of_apk(const struct row *package, struct span stream, struct subject *out);
bool subject_of_language(const struct row *package, struct subject *out);

/* A subject against all that is known of it, as vulnerability_judge_package(). */
void vulnerability_judge_subject(const struct knowledge *knowledge, const struct subject *subject,
				 bool is_explaining, judgement_taker *take, void *context);

/* By the row's manager. */
bool subject_of_package(const struct row *package, struct span stream, struct subject *out);

/* A dpkg version that is a backport of a newer release's (~bpo12+1): the version that was
 * backported. False where it is none. */
bool subject_backported(struct subject *subject);

/* Of two fixes of one rpm package: how near a fixed version's line is to the installed one's. -1:
 * of another build line, which says nothing of it. */
int subject_rpm_nearness(struct span installed, struct span fixed);

/* A column's text; empty where it is null, not text, or the table has no such column. */
struct span subject_text(const struct row *row, unsigned column);

/* The last place of a text in another, or -1. */
long subject_find_last(struct span bytes, const char *text);
