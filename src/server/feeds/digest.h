/*
 * digest.h - feeds' files as published, made into an index.
 *
 * A path is a file (plain, gzipped, zip, tar) or a folder of documents. What does not look like
 * that feed's data is refused with a reason; then nothing is handed out.
 */
#pragma once

#include "server/feeds/feed.h"
#include "server/feeds/knowledge.h"

#define DIGEST_PATH_SIZE 4096

/* Parses one path as this feed's into the builder. report is filled in any case. ERR_MALFORMED
 * where it is broken, holds nothing, or more of it is unreadable than FEED_ODD_SHARE allows. */
MUST_USE int digest_path(const struct feed *feed, const char *path,
			 struct knowledge_builder *builder, struct feed_report *report,
			 struct why *why);

/* Several paths of one feed (secdb's releases), judged together. */
MUST_USE int digest_paths(const struct feed *feed, const char *const *paths, size_t count,
			  struct knowledge_builder *builder, struct feed_report *report,
			  struct why *why);

/* As digest_path(), and what the feed makes beside the index; for feeds that have a product. */
MUST_USE int digest_product(const struct feed *feed, const char *path,
			    struct knowledge_builder *builder, struct feed_report *report,
			    struct buffer *product, struct why *why);

/* Whose file this is; ERR_UNSUPPORTED where it is none's. */
MUST_USE int digest_recognise(const char *path, const struct feed **out, struct why *why);

/* An index in memory of these paths, each recognised by its content: for use without a server. */
MUST_USE int feeds_digest(const char *const *paths, size_t count, struct knowledge **out,
			  struct why *why);
