/*
 * update.h - judges a feed's new files, puts them in force and builds the index anew, in a child
 * without network.
 *
 * What is refused leaves no trace: the files and the index that were in force stay.
 */
#pragma once

#include "server/feeds/feed.h"

enum update_kind {
	UPDATE_FETCHED,  /* feeds/fetch/NAME/ holds those of the feed's parts that are new */
	UPDATE_IMPORTED, /* a folder of feeds/inbox/ holds all there is to be of it */
	UPDATE_REBUILD,  /* the index alone, of what is in force */
};

struct update {
	enum update_kind kind;
	const struct feed *feed;   /* NULL for UPDATE_REBUILD */
	char source[128];          /* UPDATE_IMPORTED: the folder, from the data folder */
	bool is_forced;            /* even where it is much smaller, or older */
	struct feed_report before; /* of what is in force; records 0: nothing */
	uint64_t generation;       /* of the index to be built */
	int out_fd;                /* where the outcome is written, as lines: see update.c */
};

/* The body of the child. */
int update_run(void *context);

/* Removes a folder and the files in it. */
void update_remove_folder(const char *folder);

/* 0, or a reason not to put it in force beside what is. */
MUST_USE int update_judge(const struct feed_report *before, const struct feed_report *after,
			  struct why *why);
