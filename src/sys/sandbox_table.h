/*
 * sandbox_table.h - which system call belongs to which set; read by sandbox_calls.c alone.
 *
 * A row allows a call where its sets are allowed and every condition on its arguments holds.
 * Several rows of one call are alternatives. A call without a row fails with EPERM.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of the lower 32 bits of an argument: the kernel takes each of these as an int. */
enum condition_kind {
	ANY,      /* no condition, and no further ones */
	EQUALS,   /* argument == value */
	NO_BITS,  /* (argument & value) == 0 */
	ALL_BITS, /* (argument & value) == value */
	KIND_IS,  /* (argument & 0xf) == value: a socket's type without its flags */
	IS_SELF,  /* argument is this process's number */
};

struct condition {
	uint8_t kind; /* enum condition_kind */
	uint8_t argument;
	uint32_t value;
};

#define CONDITIONS_MAX 3

struct call_row {
	int32_t number;
	uint32_t sets; /* any of these allows it */
	struct condition conditions[CONDITIONS_MAX];
};

extern const struct call_row sandbox_call_rows[];
extern const size_t sandbox_call_row_count;

/* Calls after which nobody may go on: the process is killed. */
extern const long sandbox_deadly_calls[];
extern const size_t sandbox_deadly_call_count;

/* Calls that fail where all others are allowed (sandbox_never). */
extern const long sandbox_refused_calls[];
extern const size_t sandbox_refused_call_count;

/* Calls that are not there, so that the C library falls back to what can be filtered. */
extern const long sandbox_missing_calls[];
extern const size_t sandbox_missing_call_count;
