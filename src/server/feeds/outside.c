/* outside.c - the narrow way out. */
#include "server/feeds/outside.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/feeds/feeds.h"
#include "sys/sandbox.h"

int outside_take_rights(const char *writable_folder, struct why *why)
{
	static const int none[] = { -1 };
	const struct sandbox_path paths[] = {
		FEEDS_LIBRARY_PATHS,
		{ .path = writable_folder, .is_writable = true },
	};
	size_t count = COUNT_OF(paths) - (writable_folder == NULL ? 1 : 0);
	int error = sandbox_privileges(none, why);

	if (error == 0) {
		error = sandbox_files(paths, count, -1, why);
	}
	if (error == 0 || error == ERR_UNSUPPORTED) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES |
					      (writable_folder != NULL ? SANDBOX_WRITE_FILES : 0) |
					      SANDBOX_SOCKETS_OPEN | SANDBOX_INTERNET |
					      SANDBOX_THREADS,
				      why);
	}
	return error;
}

void outside_set_up(CURL *curl, const struct outside_request *r)
{
	(void)curl_easy_setopt(curl, CURLOPT_URL, r->address);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, r->schemes);
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, r->connect_s);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, r->whole_s);
	(void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "bartizan/" BARTIZAN_VERSION);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, r->on_bytes);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, r->context);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, r->on_header);
	(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, r->context);
	(void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, r->reason);
}
