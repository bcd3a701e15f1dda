/* channel_fuzz.c - what a role that was taken over may send to another. */
#include "sys/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include "sys/net.h"

#define TURNS_MAX 10000

struct target {
	struct channel *channel;
	unsigned sum;
};

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct target *t = context;

	t->sum += kind + (unsigned)id;
	for (size_t i = 0; i < body.len; i++) {
		t->sum += body.ptr[i];
	}
	if (kind == 0xfe) {
		channel_pause(t->channel);
		channel_resume(t->channel);
	} else if (kind == 0xff) {
		channel_free(&t->channel);
	}
}

static void on_closed(void *context)
{
	struct target *t = context;

	channel_free(&t->channel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct channel_handler handler = { on_message, NULL, on_closed };
	struct loop *loop = loop_new();
	struct target t = { 0 };
	size_t sent = 0;
	int fds[2];

	if (net_pair(fds) != 0) {
		loop_free(&loop);
		return 0;
	}
	t.channel = channel_new(loop, fds[0], 1u << 20, &handler, &t);
	for (unsigned turn = 0; turn < TURNS_MAX && t.channel != NULL; turn++) {
		ssize_t len =
			sent < size ? send(fds[1], data + sent, size - sent, MSG_NOSIGNAL) : 0;

		sent += len > 0 ? (size_t)len : 0;
		if (sent == size) {
			(void)shutdown(fds[1], SHUT_WR);
		}
		loop_turn(loop, 0);
	}
	(void)close(fds[1]);
	channel_free(&t.channel);
	loop_free(&loop);
	return 0;
}
