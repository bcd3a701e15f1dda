/*
 * parts.h - what integrity.c, work.c and roots.c share; nobody else includes it.
 */
#pragma once

#include "agent/integrity/file_hashing.h"
#include "agent/integrity/folder_listing.h"
#include "agent/integrity/integrity.h"
#include "sys/log.h"

#define REMARK_SIZE 512

/* A path that is to be watched, resolved. */
struct root_wanted {
	char *path;   /* of a folder, without links */
	char *single; /* a name in it; NULL: all of it */
	uint64_t identity;
};

/* Two files are hashed at a time: what has just changed does not wait for a large one. */
enum { LANE_URGENT, LANE_BASE, LANES };

struct lane {
	struct file_folder *at; /* whose files are hashed; NULL: to be found */
	uint32_t from;          /* its entry to go on with */
	struct file_hashing hashing;
};

struct integrity {
	struct integrity_settings settings;
	struct integrity_hooks hooks;
	void *context;
	struct file_watch *watch;
	struct hash_cache *cache;
	struct loop_timer *timer;      /* of work */
	struct loop_timer *save_timer; /* of the cache */
	struct loop_timer *look_timer; /* where nothing tells of changes */

	/* the policy */
	char **paths;
	size_t path_count;
	char **exclude_texts;
	struct span *excludes;
	struct file_rules rules;
	uint64_t io_bytes_per_s;
	uint32_t cpu_permille;

	/* what is known */
	struct file_set set;
	struct root_wanted *roots; /* by rising path */
	size_t root_count;
	uint64_t mounts_hash;
	uint64_t beyond; /* names left out in the last whole pass */
	char remark[REMARK_SIZE];

	/* work */
	struct file_folder *queue; /* folders to be read, oldest first */
	struct file_folder *queue_last;
	size_t queued;
	struct folder_listing *listing;
	bool is_listing_of_pass;
	int64_t listing_cost_us;
	struct file_folder *pass_at; /* the next one of a pass over all folders */
	bool is_passing;
	bool is_pass_wanted; /* another one, when the last one has cost enough rest */
	int64_t pass_begun_us;
	int64_t pass_not_before_ms;
	size_t pass_entries;
	uint64_t pass_beyond;
	struct lane lanes[LANES];
	size_t urgent;            /* folders whose files are hashed first */
	struct tree_folder *held; /* the folder that files are opened in, */
	const struct file_folder *held_of;
	uint8_t *piece;
	int64_t tokens; /* bytes that may be read now */
	int64_t refilled_us;
	int64_t timer_ms;      /* when the timer is due */
	int64_t rest_until_ms; /* nothing is done before, for the budget */
	uint64_t saved_at;     /* bytes_read when hashes were written last */
	bool is_changed;       /* and nobody was told yet */
	int64_t told_ms;
	struct log_limit overflows;
	int64_t begun_ms;
	uint64_t cpu_us;
	bool is_unsaved;
	bool is_whole; /* all was known once */
	uint64_t bytes_read;
	uint64_t progress;
};

/* --- work.c --- */

/* The folder has changed: it is read soon. */
void work_queue(struct integrity *i, struct file_folder *folder);

/* Begins to look at all folders, in path order. */
void work_pass(struct integrity *i);

/* The same, but not while one is under way, and as often as a twentieth of its cost allows. */
void work_pass_again(struct integrity *i);

/* Something is to be done: the timer runs. */
void work_wake(struct integrity *i);

/* A callback of the timer. */
void work_turn(void *integrity);

/* A folder is taken out of the set: nothing may point to it afterwards. A file_set_told. */
void work_forget(void *integrity, struct file_folder *folder);
void work_stop(struct integrity *i);
bool work_is_done(const struct integrity *i);

/* Tells of changed rows, now. */
void work_tell(struct integrity *i);

/* --- roots.c --- */

/* Takes the policy's texts over. */
void roots_use_policy(struct integrity *i, const struct policy *policy);
void roots_free(struct integrity *i);

/* Makes the set's roots those of the policy that are there. True where one is new. */
bool roots_look(struct integrity *i);

/* A number that changes when something is mounted or unmounted in a watched folder. */
uint64_t roots_mounts(struct integrity *i);

/* Writes what is not watched to i->remark. */
void roots_remark(struct integrity *i);

/* Names a folder among all that there are or were. */
uint64_t identity_of(uint64_t device, uint64_t inode);
