/*
 * prove.c - TXT records, or one file over HTTPS.
 *
 * A tenant chooses the names that are asked here. So that nobody makes this server talk to its own
 * network, addresses are looked up once, private ones are left out, and libcurl connects to the
 * rest alone: it neither looks a name up, nor follows a redirect, nor uses a proxy.
 */
#include "server/feeds/prove.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/feeds/names.h"
#include "server/feeds/outside.h"
#include "sys/alloc.h"
#include "sys/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HTTPS_PORT    443
#define ADDRESSES_MAX 8
#define PIN_SIZE      (SCOPE_NAME_SIZE + 16 + ADDRESSES_MAX * NET_TEXT_SIZE)
#define CONNECT_S     10L
#define WHOLE_S       20L
#define HEAD_MAX      65536
#define STATUS_FINE   200
#define CPU_S         20
#define MEMORY_BYTES  (UINT64_C(512) << 20)

struct work {
	const struct prove *prove;
	struct names *names;
	struct writer outcome;
	uint8_t room[SCOPE_OUTCOME_MAX];
	/* DNS */
	size_t ours[SCOPE_PROOF_PLACES_MAX];
	/* HTTPS */
	struct net_address addresses[ADDRESSES_MAX];
	size_t address_count;
	uint8_t body[SCOPE_PROOF_BODY_MAX];
	size_t body_len;
	size_t head_len;
	bool is_too_large;
};

/* --- DNS --- */

static void on_text(void *context, size_t n, struct span text)
{
	struct work *work = context;

	if (work->ours[n] < SCOPE_PROOF_RECORDS_MAX &&
	    scope_outcome_record(&work->outcome, n, text)) {
		work->ours[n]++;
	}
}

static int ask_names(struct work *work, struct why *why)
{
	const struct scope_proof *proof = &work->prove->proof;
	char places[SCOPE_PROOF_PLACES_MAX][SCOPE_PROOF_PLACE_SIZE];
	const char *of[SCOPE_PROOF_PLACES_MAX];
	size_t counts[SCOPE_PROOF_PLACES_MAX];
	int error;

	for (size_t n = 0; n < proof->count; n++) {
		scope_proof_place(proof, n, places[n]);
		of[n] = places[n];
	}
	error = names_texts(work->names, of, proof->count, on_text, work, counts, why);
	for (size_t n = 0; error == 0 && n < proof->count; n++) {
		scope_outcome_seen(&work->outcome, n, counts[n]);
	}
	return error;
}

/* --- which addresses --- */

static bool may_reach(const struct work *work, const struct net_address *address)
{
	char text[NET_TEXT_SIZE];

	net_host_text(address, text);
	return work->prove->config->may_reach_private ||
	       address_reach(span_of(text)) == ADDRESS_PUBLIC;
}

static int refuse_private(const char *what, const struct net_address *address, struct why *why)
{
	char text[NET_TEXT_SIZE];

	net_host_text(address, text);
	return why_set(why, ERR_DENIED,
		       "%.255s: this server fetches nothing from private addresses such as %s. "
		       "Prove it by DNS or by a statement, or have the server started with "
		       "--prove-private",
		       what, text);
}

/* Leaves those that may be connected to. */
static int choose(struct work *work, const char *what, struct why *why)
{
	const struct net_address first = work->addresses[0];
	size_t kept = 0;

	for (size_t i = 0; i < work->address_count; i++) {
		if (may_reach(work, &work->addresses[i])) {
			work->addresses[kept++] = work->addresses[i];
		}
	}
	work->address_count = kept;
	return kept > 0 ? 0 : refuse_private(what, &first, why);
}

static int find_addresses(struct work *work, struct why *why)
{
	const struct scope_name *scope = &work->prove->proof.scope;
	char text[SCOPE_NAME_SIZE];
	char with_port[SCOPE_NAME_SIZE + 8];
	int error;

	if (scope->kind == SCOPE_DNS_NAME) {
		error = names_addresses(work->names, scope->text, HTTPS_PORT, work->addresses,
					ADDRESSES_MAX, &work->address_count, why);
	} else {
		(void)scope_proof_address(scope, text);
		snprintf(with_port, sizeof with_port, scope->is_ipv6 ? "[%s]:%d" : "%s:%d", text,
			 HTTPS_PORT);
		error = net_address_parse(span_of(with_port), &work->addresses[0], why);
		work->address_count = 1;
	}
	return error != 0 ? error : choose(work, scope->text, why);
}

/* --- HTTPS --- */

static size_t on_bytes(char *bytes, size_t one, size_t count, void *context)
{
	struct work *work = context;
	size_t len = one * count;

	if (len > sizeof work->body - work->body_len) {
		work->is_too_large = true;
		return 0;
	}
	mem_copy(work->body + work->body_len, bytes, len);
	work->body_len += len;
	return len;
}

static size_t on_header(char *bytes, size_t one, size_t count, void *context)
{
	struct work *work = context;

	(void)bytes;
	work->head_len += one * count;
	work->is_too_large = work->is_too_large || work->head_len > HEAD_MAX;
	return work->is_too_large ? 0 : one * count;
}

/* Whatever libcurl comes to think of, a socket is made for the addresses that were judged alone. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
	const struct work *work = context;

	for (size_t i = 0; purpose == CURLSOCKTYPE_IPCXN && i < work->address_count; i++) {
		const struct net_address *a = &work->addresses[i];
		struct net_address wanted = { .length = to->addrlen };
		char texts[2][NET_TEXT_SIZE];

		if (to->addrlen > sizeof wanted.storage) {
			break;
		}
		mem_copy(&wanted.storage, &to->addr, to->addrlen);
		net_address_text(a, texts[0]);
		net_address_text(&wanted, texts[1]);
		if (strcmp(texts[0], texts[1]) == 0) {
			return socket(to->family, to->socktype, to->protocol);
		}
	}
	return CURL_SOCKET_BAD;
}

/* "example.org:443:192.0.2.1,[2001:db8::1]" */
static struct curl_slist *pin(const struct work *work)
{
	char text[PIN_SIZE];
	size_t used = (size_t)snprintf(text, sizeof text, "%s:%d:", work->prove->proof.scope.text,
				       HTTPS_PORT);

	for (size_t i = 0; i < work->address_count; i++) {
		bool is_ipv6 = work->addresses[i].storage.ss_family == AF_INET6;
		char host[NET_TEXT_SIZE];

		net_host_text(&work->addresses[i], host);
		used += (size_t)snprintf(text + used, sizeof text - used,
					 is_ipv6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", host);
	}
	return curl_slist_append(NULL, text);
}

static int judge(const struct work *work, CURL *curl, CURLcode code, const char *place,
		 const char *reason, struct why *why)
{
	const char *location = NULL;
	long status = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
	if (work->is_too_large) {
		return why_set(why, ERR_LIMIT,
			       "%.300s is larger than %d bytes: it must hold the token and little "
			       "else",
			       place, SCOPE_PROOF_BODY_MAX);
	}
	if (code != CURLE_OK) {
		return why_set(why, ERR_IO, "%.300s: %.180s", place,
			       reason[0] != '\0' ? reason : curl_easy_strerror(code));
	}
	if (status >= 300 && status < 400) {
		return why_set(why, ERR_UNSUPPORTED,
			       "%.300s redirects to %.100s (HTTP %ld), which is not followed: "
			       "serve the file itself there",
			       place, location != NULL ? location : "nowhere", status);
	}
	if (status != STATUS_FINE) {
		return why_set(why, ERR_IO,
			       "%.300s: HTTP %ld; the file must be there for everybody", place,
			       status);
	}
	return 0;
}

static int fetch(struct work *work, CURL *curl, struct why *why)
{
	bool is_name = work->prove->proof.scope.kind == SCOPE_DNS_NAME;
	struct curl_slist *pinned = is_name ? pin(work) : NULL;
	char reason[CURL_ERROR_SIZE] = "";
	char place[SCOPE_PROOF_PLACE_SIZE];
	const struct outside_request request = {
		.address = place,
		.schemes = "https",
		.connect_s = CONNECT_S,
		.whole_s = WHOLE_S,
		.on_bytes = on_bytes,
		.on_header = on_header,
		.context = work,
		.reason = reason,
	};
	int error;

	scope_proof_place(&work->prove->proof, 0, place);
	outside_set_up(curl, &request);
	(void)curl_easy_setopt(curl, CURLOPT_RESOLVE, pinned);
	(void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	(void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, work);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* which would look names up itself */
	/* An address is proved by being there, as with RFC 8738's http-01: names are certified. */
	(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, is_name ? 1L : 0L);
	(void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, is_name ? 2L : 0L);
	error = judge(work, curl, curl_easy_perform(curl), place, reason, why);
	curl_slist_free_all(pinned);
	return error;
}

static int fetch_file(struct work *work, struct why *why)
{
	int error = find_addresses(work, why);
	CURL *curl;

	if (error != 0) {
		return error;
	}
	curl = curl_easy_init();
	error = curl != NULL ? fetch(work, curl, why)
			     : why_set(why, ERR_IO, "libcurl cannot be used");
	curl_easy_cleanup(curl);
	if (error == 0) {
		scope_outcome_body(&work->outcome, (struct span){ work->body, work->body_len });
	}
	return error;
}

/* --- the child --- */

static int take_rights(struct why *why)
{
	const struct rlimit cpu = { CPU_S, CPU_S };
#ifdef __SANITIZE_ADDRESS__
	const struct rlimit memory = { RLIM_INFINITY, RLIM_INFINITY };
#else
	const struct rlimit memory = { MEMORY_BYTES, MEMORY_BYTES };
#endif

	(void)setrlimit(RLIMIT_CPU, &cpu);
	(void)setrlimit(RLIMIT_AS, &memory);
	return outside_take_rights(NULL, why);
}

int prove_run(const struct prove *prove, int out_fd)
{
	struct work *work = alloc_zeroed(1, sizeof *work);
	struct why why = { "" };
	struct span outcome;
	int error;

	work->prove = prove;
	work->outcome = writer_over(work->room, sizeof work->room);
	error = take_rights(&why);
	error = error != 0 ? error : names_open(prove->config->resolver, &work->names, &why);
	if (error == 0) {
		error = prove->proof.method == SCOPE_PROOF_DNS ? ask_names(work, &why)
							       : fetch_file(work, &why);
	}
	if (error != 0) {
		writer_rewind(&work->outcome, 0);
		scope_outcome_reason(&work->outcome, why.text);
	} else {
		scope_outcome_done(&work->outcome);
	}
	names_close(&work->names);
	outcome = writer_span(&work->outcome);
	(void)!write(out_fd, outcome.ptr, outcome.len); /* a pipe takes that at once */
	free(work);
	return 0;
}
