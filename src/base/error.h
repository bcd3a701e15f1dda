/*
 * error.h - the one enum of failures.
 *
 * A fallible function returns 0 or one of these; its outputs are written only
 * on success. Reasons meant for people travel beside it, in a struct why.
 */
#pragma once

enum {
	ERR_MALFORMED = -1,   /* the bytes do not follow their format */
	ERR_LIMIT = -2,       /* a named limit would be exceeded */
	ERR_UNSUPPORTED = -3, /* well-formed, but nothing we know or accept */
	ERR_NOT_FOUND = -4,
	ERR_EXISTS = -5,
	ERR_DENIED = -6, /* not authenticated, or not allowed */
	ERR_AGAIN = -7,  /* cannot be done now without waiting */
	ERR_CLOSED = -8, /* the other side is gone */
	ERR_IO = -9,     /* the system refused a read, a write, an open */
	ERR_FULL = -10,  /* the disk or a bounded buffer is full */
	ERR_TIMEOUT = -11,
	ERR_CONFLICT = -12, /* what is asked contradicts what is held */
	ERR_USAGE = -13,    /* the caller's words are off */
};

/* A short lower-case sentence for an error; "no error" for 0. Never NULL. */
const char *error_text(int error);
