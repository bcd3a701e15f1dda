/* openssl_why.c - the queue of errors. */
#include "sys/openssl_why.h"

#include <openssl/err.h>

int openssl_why(struct why *why, int error, const char *doing)
{
	unsigned long number = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(number);

	ERR_clear_error();
	return why_set(why, error, "%s: %s", doing,
		       reason == NULL ? "it is not well-formed" : reason);
}
