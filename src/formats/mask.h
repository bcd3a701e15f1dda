/*
 * mask.h - what looks like a secret in a command line becomes ***, before it leaves the machine.
 *
 * Masked: values of options and variables whose names say so (--password X, -p of mysql, TOKEN=X,
 * "api_key":"X"), of headers (Authorization, Cookie), passwords in URLs, private keys in PEM, AWS
 * keys, tokens of well-known makers, JWTs, hashes of crypt(3), and long runs that look random.
 * Not masked: paths, plain hexadecimal (commits, digests), UUIDs, names that only mention a secret
 * (--password-file=/x). A secret that looks like a common word and follows no such name stays.
 */
#pragma once

#include "base/span.h"
#include "base/writer.h"

/* Places in one argument; where there are more, all behind is masked. */
#define MASK_CUTS_MAX 32

struct mask_program;

/* Between the arguments of one command line: some options' values are the next argument. */
struct mask {
	const struct mask_program *program; /* whose short options are known */
	unsigned expected;                  /* private to mask.c */
};

/* All zero is a command line's beginning. Returns the argument itself where there is nothing to
 * hide, else bytes written to w; "***" alone where w has no room. */
struct span mask_argument(struct mask *mask, struct span argument, struct writer *w);

/* A whole command line or message as one text. */
struct span mask_text(struct span text, struct writer *w);
