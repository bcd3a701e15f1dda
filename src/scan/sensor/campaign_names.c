/*
 * campaign_names.c - the names that found addresses have in DNS: a few each second, one after the
 * other, again after a day, and only of addresses within scopes that the policy names.
 */
#include "scan/sensor/campaign_parts.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "scan/sensor/host_names.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

/* Asked in one second at the most, and waiting for answers. */
#define NAMES_EACH_SECOND 10

/* Looked at in one second, for those that are to be asked. */
#define NAMES_LOOKED_AT 20000

#define NAMES_AGAIN_MS (24 * 3600 * INT64_C(1000))
#define NAMES_PAUSE_MS (600 * INT64_C(1000)) /* where no server of names answered */

/* The next host, of all scopes in turn; NULL where there is none at all. */
static struct found_host *next_host(struct campaign *c)
{
	struct naming *n = &c->naming;

	for (size_t i = 0; i <= c->course_count; i++) {
		struct found_scope *scope;

		n->scope = n->scope < c->course_count ? n->scope : 0;
		if (c->course_count == 0) {
			return NULL;
		}
		scope = c->courses[n->scope]->found;
		if (n->host < scope->host_count) {
			return scope->hosts[n->host++];
		}
		n->scope++;
		n->host = 0;
	}
	return NULL;
}

void names_some(struct campaign *c, int64_t now_ms)
{
	size_t asked = c->host_names != NULL ? resolver_busy(c->host_names) : NAMES_EACH_SECOND;

	if (now_ms < c->naming.until_ms) {
		return;
	}
	for (size_t i = 0; i < NAMES_LOOKED_AT && asked < NAMES_EACH_SECOND; i++) {
		struct found_host *host = next_host(c);
		struct net_address address;
		struct address *about;

		if (host == NULL) {
			return;
		}
		if (host->named_ms != 0 && host->named_ms <= now_ms &&
		    now_ms - host->named_ms < NAMES_AGAIN_MS) {
			continue;
		}
		host->named_ms = now_ms;
		about = alloc_zeroed(1, sizeof *about);
		*about = host->address;
		address = address_socket(about, 0);
		resolver_ask_name(c->host_names, &address, about);
		asked++;
	}
}

static void set_name(struct campaign *c, struct found_host *host, const char *name)
{
	struct host_names folded = { .count = 0 };
	struct span now;

	host_names_add(&folded, span_of(name));
	now = host_names_at(&folded, 0);
	if (span_is(now, host->name)) {
		return;
	}
	(void)snprintf(host->name, sizeof host->name, "%.*s", (int)now.len,
		       now.len > 0 ? (const char *)now.ptr : "");
	campaign_changed(c, TABLE_SCAN_HOSTS);
}

void names_answered(void *campaign, void *about, const struct resolver_answer *answer)
{
	struct campaign *c = campaign;
	struct address address = *(struct address *)about;

	free(about);
	if (answer->is_deaf != c->naming.is_deaf) {
		c->naming.is_deaf = answer->is_deaf;
		log_info(answer->is_deaf ? "no server of names answers" : "names are told again",
			 log_text("reason", answer->reason));
	}
	if (answer->is_deaf) {
		c->naming.until_ms = clock_wall_ms() + NAMES_PAUSE_MS;
	}
	for (size_t i = 0; i < c->found->scope_count; i++) {
		struct found_host *host = found_host(c->found->scopes[i], &address);

		if (host != NULL && answer->is_deaf) {
			host->named_ms = 0; /* what was known of it stays */
		} else if (host != NULL) {
			set_name(c, host, answer->name);
		}
	}
}
