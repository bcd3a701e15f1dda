/* error.c - words for the project's errors. */
#include "base/error.h"

const char *error_text(int error)
{
	switch (error) {
	case 0:
		return "no error";
	case ERR_MALFORMED:
		return "malformed";
	case ERR_LIMIT:
		return "over a limit";
	case ERR_UNSUPPORTED:
		return "not supported";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_EXISTS:
		return "exists already";
	case ERR_DENIED:
		return "not allowed";
	case ERR_AGAIN:
		return "not possible right now";
	case ERR_CLOSED:
		return "closed by the other side";
	case ERR_IO:
		return "input or output failed";
	case ERR_FULL:
		return "full";
	case ERR_TIMEOUT:
		return "timed out";
	case ERR_CONFLICT:
		return "conflicts with what is there";
	case ERR_USAGE:
		return "wrong usage";
	default:
		return "unknown error";
	}
}
