/*
 * folder_listing.h - reads one folder anew, a slice at a time, and says what is different.
 *
 * Of a folder with more names than may be watched, the first in byte order are kept; memory stays
 * within what those need, however many there are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/integrity/file_set.h"
#include "agent/integrity/hash_cache.h"
#include "agent/tree.h"
#include "base/attr.h"

/* What is watched, and how. Texts are borrowed. */
struct file_rules {
	const struct span *excludes;
	size_t exclude_count;
	uint64_t hash_bytes_max;
	uint32_t files_max;
};

/* True where a pattern covers the path. */
bool file_rules_exclude(const struct file_rules *rules, struct span path);

struct folder_listing;

/* Takes over the open folder. allowance: the most entries that it may have. The others outlive it.
 */
struct folder_listing *folder_listing_new(struct tree_folder *opened, struct file_folder *folder,
					  const struct file_rules *rules,
					  const struct hash_cache *cache, uint32_t allowance);
void folder_listing_free(struct folder_listing **listing);

struct file_folder *folder_listing_of(const struct folder_listing *listing);

/* Works until the time (clock_us()) or its end. True at the end. */
bool folder_listing_step(struct folder_listing *listing, int64_t until_us);

/* After the end: gives the folder the entries that were found, each with what is still right of
 * the entry before. What has another content than what is known is pending. True where a row that
 * can be told has changed. */
bool folder_listing_apply(struct folder_listing *listing, struct file_set *set);

/* Names that were left out because of the allowance. */
uint64_t folder_listing_beyond(const struct folder_listing *listing);
