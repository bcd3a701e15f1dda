/*
 * file_tail.h - a file that others append to, read from where one was: across rotation, truncation
 * and restarts.
 *
 * What was read but not consumed is read again. Nothing here blocks but the file system.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

#define FILE_TAIL_PATH_SIZE 128

/* Bytes of a position. */
#define FILE_TAIL_POSITION 16

struct file_tail {
	char path[FILE_TAIL_PATH_SIZE];
	int fd;            /* -1 where there is no such file */
	uint64_t identity; /* inode and birth; 0 where none was there yet */
	uint64_t offset;   /* of what is not yet consumed */
	bool is_cut;       /* something may have been lost: the caller tells it and clears */
};

/* position: where one was, read as file_tail_write wrote it; NULL: begins at the end of what is
 * there. */
void file_tail_open(struct file_tail *t, const char *path, struct reader *position);
void file_tail_close(struct file_tail *t);
void file_tail_write(const struct file_tail *t, struct writer *w);

/* What follows, at most size bytes, into out; 0 at the end. */
size_t file_tail_peek(struct file_tail *t, uint8_t *out, size_t size);
void file_tail_consume(struct file_tail *t, size_t len);

/* At the end of the file: true where another one has begun in its place, which is read next. An
 * unended last line is given up then. */
bool file_tail_next_file(struct file_tail *t);

/* To the end of what is there. */
void file_tail_skip(struct file_tail *t);
