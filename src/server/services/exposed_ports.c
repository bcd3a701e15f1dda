/* exposed_ports.c - ports that were not open when their scope was scanned before. */
#include "server/services/exposed.h"

#include <stdio.h>

/* For so long it is news. */
#define NEW_S (INT64_C(7) * 86400)

static void judge(const struct row *row, int64_t now_s, exposed_taker *take, void *context)
{
	struct span address = exposed_text(row, OPEN_PORTS_ADDRESS);
	struct span protocol = exposed_text(row, OPEN_PORTS_PROTOCOL);
	struct span product = exposed_text(row, OPEN_PORTS_PRODUCT);
	int64_t appeared = exposed_number(row, OPEN_PORTS_APPEARED);
	struct exposed_finding f = {
		.id = "new-port",
		.priority = exposed_is_public(address) ? 40 : 20,
		.advice = "Find out who opened it. Where it is meant to be, accept it; without a "
			  "word the finding goes after a week.",
	};

	if (appeared == 0 || now_s - appeared >= NEW_S) {
		return;
	}
	exposed_at(&f, exposed_text(row, OPEN_PORTS_TRANSPORT), address,
		   exposed_number(row, OPEN_PORTS_PORT));
	snprintf(f.what, sizeof f.what, "a port is open that was not when it was scanned before");
	snprintf(f.identity, sizeof f.identity, "%.*s %.*s", EXPOSED_SPAN(protocol),
		 EXPOSED_SPAN(product));
	if (protocol.len > 0) {
		snprintf(f.evidence, sizeof f.evidence, "it speaks %.*s%s%.*s",
			 EXPOSED_SPAN(protocol), product.len > 0 ? ": " : "",
			 EXPOSED_SPAN(product));
	}
	take(context, &f);
}

const struct exposed_family exposed_ports = { "ports", TABLE_OPEN_PORTS, judge };
