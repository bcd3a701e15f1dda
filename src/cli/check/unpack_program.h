/*
 * unpack_program.h - whether a file that goes by in pieces is a program of Go.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What marks the section .go.buildinfo (debug/buildinfo). */
#define UNPACK_GO_MARK_SIZE 14

/* Zeroed to begin with. */
struct unpack_program {
	uint8_t head[4];
	uint64_t size;  /* so far */
	unsigned match; /* bytes of the mark that the last ones are */
	bool has_mark;
};

void unpack_program_add(struct unpack_program *p, const uint8_t *bytes, size_t len);

/* False once it is none, whatever follows. */
bool unpack_program_may_be(const struct unpack_program *p);
bool unpack_program_is_go(const struct unpack_program *p);
