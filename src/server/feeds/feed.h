/*
 * feed.h - the shape of every feed: one file, one const struct, one row in table.c.
 *
 * A parser gets one document at a time, whole and borrowed (mapped, or inflated from an archive by
 * who calls it), and hands what it says to the builder. It is pure: no files, no clock.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"
#include "server/feeds/knowledge_builder.h"
#include "sys/buffer.h"
#include "sys/why.h"

struct feed;
struct intern;

#define FEED_NAME_SIZE     32
#define FEED_SNAPSHOT_SIZE 40

/* What a feed's files gave, summed up. */
struct feed_report {
	uint64_t documents;
	uint64_t records; /* entries and facts */
	uint64_t odd;     /* records (or an archive's documents) that could not be read */
	uint64_t
		passed_over; /* of releases, ecosystems and products that nothing is matched with */
	/* When the newest of them was made, as it says itself; sorts as text. Empty: none says. */
	char snapshot[FEED_SNAPSHOT_SIZE];
	char odd_example[200]; /* the first one, for people */
};

/* One document. */
struct feed_input {
	const struct feed *feed;
	const char *name; /* of the file, for people */
	struct span bytes;
	struct knowledge_builder *builder;
	struct feed_report *report;
	struct buffer *product; /* where the feed has one and it is wanted; else NULL */
	struct intern *told;    /* ids that its newer documents spoke of; NULL: not asked for */
	struct writer room;     /* for decoded texts; private to feed_text.c */
	struct why *why;
};

/* One of the files that make up a feed. */
struct feed_part {
	const char *file;    /* as it is stored: "tracker.json" */
	const char *address; /* https://... */
	/* The address is of a line of text that names the file, which lies beside it and has
	 * another name each time. */
	bool is_pointer;
	/* Not asked for again until what is in force is so old; 0: always. */
	int64_t fresh_s;
	/* The file of a year: there is none before it, and in it there may be none yet. 0: a file
	 * that has to be there. */
	int year;
};

struct feed {
	const char *name;    /* "debian", "osv-npm" */
	const char *summary; /* whose data, about what */
	/* Ended by one without a file. None: it is only imported. */
	const struct feed_part *parts;
	bool is_automatic; /* fetched by itself; else only when asked for */
	/* Fetched by itself where some asset runs a system of this family ("redhat" of "redhat:9"),
	 * or something of it is judged by this stream ("cpe"); NULL: it does not depend on that. */
	const char *wanted_by;
	/* What its files say of one thing, the last one by name says best: they are read backwards,
	 * and `told` says what was told already. */
	bool is_newest_last;
	int64_t interval_s;
	uint64_t size_max;  /* of one fetched file */
	bool has_documents; /* one broken document of an archive or folder spoils only itself */
	/* Whether a document is one of this feed's, by its content. Never fails. */
	bool (*recognise)(const struct feed *feed, struct span bytes);
	/* 0, or an error and why, naming the offset and what was expected. */
	int (*parse)(struct feed_input *in);
	const char *ecosystem; /* OSV: what its records' ecosystems begin with */
	/* Which of an archive's members are documents; NULL: where there may be several, those
	 * that end in .json. */
	bool (*is_document)(struct span name);
	/* What it makes beside the index: a file, from the data folder; NULL: nothing. parse adds
	 * to it. */
	const char *product;
	void (*begin_product)(struct buffer *product);
	int (*end_product)(struct buffer *product);
};

/* Every feed, in the order in which they are digested, ended by NULL. What lists many
 * vulnerabilities that nothing else speaks of (EPSS) comes last. */
extern const struct feed *const feeds[];

/* NULL where there is none of this name. */
const struct feed *feed_named(struct span name);

/* The feed whose file this is, as published (an archive by its first document); NULL: none's. */
const struct feed *feed_recognise(struct span bytes);
