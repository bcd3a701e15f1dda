/* names.c - getaddrinfo in a process of its own. */
#include "scan/sensor/names.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/writer.h"
#include "scan/sensor/line.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/log.h"
#include "sys/net.h"
#include "sys/sandbox.h"

struct names {
	struct loop *loop;
	struct channel *line;
};

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct names *n = context;
	struct net_address found[NAMES_ADDRESSES_MAX];
	OWNED(alloc_free) char *name = alloc_span(span_first(body, 253));
	uint8_t bytes[NAMES_ADDRESSES_MAX * ADDRESS_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);
	size_t count = 0;
	struct why why;

	if (kind != NAMES_ASK) {
		return;
	}
	if (net_resolve(name, "0", found, NAMES_ADDRESSES_MAX, &count, &why) != 0) {
		count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		char text[NET_TEXT_SIZE];
		struct address address;

		net_host_text(&found[i], text);
		if (address_parse(span_of(text), &address) == 0) {
			writer_bytes(&w, (struct span){ address.bytes, ADDRESS_SIZE });
		}
	}
	if (channel_send(n->line, NAMES_ANSWER, id, writer_span(&w)) != 0) {
		_exit(1);
	}
}

static void on_closed(void *context)
{
	(void)context;
	_exit(0);
}

static int confine(struct why *why)
{
	static const struct sandbox_path paths[] = {
		{ "/etc/resolv.conf", false },   { "/etc/hosts", false },
		{ "/etc/nsswitch.conf", false }, { "/etc/gai.conf", false },
		{ "/etc/host.conf", false },
	};
	const int keep[] = { -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), 53, why);
		error = error == ERR_UNSUPPORTED ? 0 : error; /* the connector says so */
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_SOCKETS_OPEN |
					      SANDBOX_INTERNET,
				      why);
	}
	return error == ERR_UNSUPPORTED ? 0 : error;
}

static int names_process(void *context)
{
	static const struct channel_handler handler = { on_message, NULL, on_closed };
	const struct line_child *child = context;
	struct net_address warm;
	struct names n;
	struct why why;
	size_t count;

	log_open("names", LOG_INFO);
	/* what looking names up loads is loaded while it still can be */
	(void)(net_resolve("localhost", "0", &warm, 1, &count, &why) != 0);
	n.loop = loop_new();
	n.line = channel_new(n.loop, child->fd, LINE_QUEUE_MAX, &handler, &n);
	if (confine(&why) != 0) {
		log_error("cannot confine", log_text("reason", why.text));
		return 1;
	}
	loop_run(n.loop);
	return 0;
}

int names_start(int *out_line, struct why *why)
{
	return line_start("scan-names", names_process, NULL, out_line, why);
}
