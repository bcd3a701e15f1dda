/*
 * file_set.h - what is known of the watched files: folders as a tree, each with its entries.
 *
 * An entry takes 64 bytes and its name. Entries of a folder rise by name, folders in one folder
 * too; the path order of all is: a folder's entries, then each of its folders. No I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "base/span.h"

/* Flags of an entry. */
enum {
	FILE_IS_KNOWN = 1,   /* its row can be told */
	FILE_HAS_HASH = 2,   /* sha256 is of its content */
	FILE_IS_PENDING = 4, /* its content is to be hashed; what is known is from before */
	FILE_IS_NEW = 8,     /* its row has not been told */
};

struct file_entry {
	union {
		uint8_t sha256[SHA256_SIZE];
		uint32_t target; /* of a link: its text, within the folder's names */
	};
	uint64_t size;
	uint64_t stamp; /* file_stamp() of what is known; 0: look again */
	uint32_t uid;
	uint32_t gid;
	uint32_t name; /* within the folder's names */
	uint16_t mode; /* with the type */
	uint8_t flags;
	uint8_t tries; /* to hash it while it kept changing */
};

struct file_folder {
	struct file_folder *parent; /* NULL of a root */
	struct file_folder *first;  /* of its folders */
	struct file_folder *next;   /* beside it */
	char *path;                 /* without links */
	const char *single;         /* only this name of it is watched; borrowed; NULL: all */
	struct file_entry *entries;
	uint32_t count;
	uint32_t pending; /* entries with FILE_IS_PENDING */
	char *names;      /* each ended by NUL */
	bool has_self;
	struct file_entry self; /* of a root: itself */

	/* file_watch.h's */
	uint64_t watch_key; /* 0: not watched */
	int wd;             /* of inotify; -1: none */
	struct file_folder *next_watched;

	/* integrity.c's */
	uint64_t identity; /* of the folder that was read last; 0: none */
	struct file_folder *next_queued;
	int64_t not_before_ms;
	bool is_queued;
	bool is_urgent; /* its files are hashed before all others */
};

/* Rows that were told and are not there any more. More of them: all is told anew. */
#define FILE_GONE_MAX 256

struct file_gone {
	char *path;
	char *target; /* of a link */
	struct file_entry entry;
};

struct file_set {
	struct file_folder *roots; /* beside each other, by rising path */
	size_t entries;            /* of all folders */
	size_t folders;
	size_t pending;
	struct file_gone *gone;
	size_t gone_count;
	bool is_much_gone; /* too much to be kept: gone is empty */
};

/* Names a state of a file: any change of it makes another number, never 0. */
uint64_t file_stamp(const struct stat *status);

/* The facts of a file that are not its content. */
void file_entry_set(struct file_entry *entry, const struct stat *status);

/* A new root, sorted in. path is copied, single borrowed for as long as the root is there. */
struct file_folder *file_set_add_root(struct file_set *set, const char *path, const char *single);

/* Makes a folder's folders those that its entries name: fresh is called for each that is new, gone
 * as file_set_remove does. */
typedef void file_set_told(void *context, struct file_folder *folder);
void file_set_match(struct file_set *set, struct file_folder *folder, file_set_told *fresh,
		    file_set_told *gone, void *context);

/* Takes a folder and all below away. gone is called for each before, to forget it elsewhere. */
void file_set_remove(struct file_set *set, struct file_folder *folder, file_set_told *gone,
		     void *context);

/* The next folder in path order; that behind all below it. NULL at the end. */
struct file_folder *file_set_next(const struct file_folder *folder);
struct file_folder *file_set_behind(const struct file_folder *folder);

/* Gives a folder other entries, heap arrays that it takes over, in place of its own. */
void file_set_replace(struct file_set *set, struct file_folder *folder, struct file_entry *entries,
		      uint32_t count, char *names);

/* An entry by its name, or NULL. */
struct file_entry *file_folder_find(const struct file_folder *folder, const char *name);

/* The row of an entry is another one: was is what it was, NULL where there was none; now what it
 * is, NULL where there is none any more. Both are the folder's, or have its names; name is of the
 * entry, NULL for the folder itself. */
void file_set_changed(struct file_set *set, struct file_folder *folder, const char *name,
		      const struct file_entry *was, struct file_entry *now);

/* All rows are told: none is new, none gone. */
void file_set_tell(struct file_set *set);

/* Nothing of the folder is there any more. */
void file_set_empty(struct file_set *set, struct file_folder *folder);

/* Marks an entry as (not) to be hashed. */
void file_set_pending(struct file_set *set, struct file_folder *folder, struct file_entry *entry,
		      bool is_pending);
