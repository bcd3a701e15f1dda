/*
 * file.h - whole files, replaced atomically, and folders.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* Appends a file's bytes to out. dir_fd AT_FDCWD for absolute or current. Never follows a
 * symbolic link at the last step where is_link_refused. Never blocks on a FIFO or device:
 * only regular files, and files of /proc and /sys, are read. ERR_NOT_FOUND, ERR_DENIED, ERR_IO,
 * ERR_UNSUPPORTED (not a regular file), ERR_FULL (longer than the buffer may grow). */
MUST_USE int file_read_at(int dir_fd, const char *path, bool is_link_refused, struct buffer *out);
MUST_USE int file_read(const char *path, struct buffer *out);

/* Bytes of an open file from offset on: as many as there are, at most size. What cannot be read
 * counts as not there. Where the file is read next stays as it is. */
struct span file_bytes_at(int fd, uint8_t *out, size_t size, off_t offset);

/* Writes all of it from offset on, over what is there. ERR_FULL where the disk is, or may not hold
 * more of ours; ERR_IO. A part may then have been written. */
MUST_USE int file_write_at(int fd, struct span bytes, off_t offset);

/* Writes beside, syncs, renames, syncs the folder: after a crash the old or the new, whole. */
MUST_USE int file_replace(const char *path, struct span bytes, mode_t mode, struct why *why);

/* As mkdir -p, the last one with mode. */
MUST_USE int file_make_folder(const char *path, mode_t mode, struct why *why);

/* An exclusive lock for as long as the descriptor is open; the holder's process number is
 * in the file. ERR_EXISTS and a reason with the holder where it is held. */
MUST_USE int file_lock(const char *path, int *out_fd, struct why *why);

/* For OWNED(file_close): closes and sets -1. */
void file_close(int *fd);
