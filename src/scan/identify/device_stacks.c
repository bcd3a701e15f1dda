/*
 * device_stacks.c - one table. A stack sends back the options that we offered (MSS, window scale,
 * selective acknowledgement, no timestamps) in an order of its own, which is what tells it.
 *
 * Facts are from: (a) a Linux 6.18 asked over veth for this table; (b) Linux's tcp_options_write()
 * and tcp_select_initial_window(); (c) FreeBSD's tcp_addoptions(); (d) p0f 3's documentation of
 * what answers look like (section tcp:response of p0f.fp), as facts, not as text; (e) Microsoft's
 * documentation of receive window and scaling; (f) Nmap's documentation of its os database's W and
 * O1 fields; (g) lwIP's opt.h: TCP_MSS 536, TCP_WND 4 segments, no window scale or SACK unless
 * configured. Certainty is what the fact is worth alone: many devices run Linux.
 */
#include "scan/identify/device_stacks.h"

#include <stddef.h>
#include <string.h>

/* Kinds of options (RFC 9293 section 3.1, RFC 7323, RFC 2018); what pads their end is left out. */
#define MSS "\x02"
#define NOP "\x01"
#define WS  "\x03"
#define SOK "\x04"

#define LINUX_ORDER   MSS NOP NOP SOK NOP WS
#define WINDOWS_ORDER MSS NOP WS NOP NOP SOK
#define BSD_ORDER     MSS NOP WS SOK
#define APPLE         "Mac OS X|macOS|iOS|FreeBSD"

/* From the most particular to the least: the first that fits is taken. */
static const struct device_stack stacks[] = {
	/* (a) (b): 64240 is 44 segments of 1460; before 4.20 20 (29200), before 3.x 10, then 4 */
	{ LINUX_ORDER, 64, 0, 44, -1, true, 60, "Linux", "Linux", "Linux", NULL },
	{ LINUX_ORDER, 64, 0, 20, -1, true, 60, "Linux", "Linux", "Linux", NULL },
	{ LINUX_ORDER, 64, 0, 10, -1, true, 60, "Linux", "Linux", "Linux", NULL },
	{ LINUX_ORDER, 64, 0, 4, -1, true, 60, "Linux", "Linux", "Linux", NULL },
	/* (d): the order of Linux, but a fixed window */
	{ LINUX_ORDER, 64, 16384, 0, -1, true, 60, "OpenBSD", "OpenBSD", "OpenBSD", NULL },
	{ LINUX_ORDER, 64, 0, 0, -1, true, 40, "Linux", "Linux", "Linux", "OpenBSD" },
	/* (e): 65535 from Windows 10 and Server 2016 on, 8192 before; scale 8 */
	{ WINDOWS_ORDER, 128, 65535, 0, 8, true, 60, "Windows", "Microsoft", "Windows", NULL },
	{ WINDOWS_ORDER, 128, 8192, 0, 8, true, 60, "Windows", "Microsoft", "Windows", NULL },
	{ WINDOWS_ORDER, 128, 0, 0, -1, true, 45, "Windows", "Microsoft", "Windows", NULL },
	/* (d): 37 segments */
	{ WINDOWS_ORDER, 64, 0, 37, -1, true, 50, "Solaris", "Oracle", "Solaris", NULL },
	/* (c) (d): macOS has the same order, and often the same scale */
	{ BSD_ORDER, 64, 65535, 0, -1, true, 45, "FreeBSD", "FreeBSD", "FreeBSD", APPLE },
	/* (f): 4128 bytes and nothing but the MSS */
	{ MSS, 255, 4128, 0, -1, false, 50, "IOS", "Cisco", "IOS", NULL },
	/* (g) */
	{ MSS, 255, 0, 4, -1, false, 30, "lwIP", "lwIP", "lwIP", NULL },
};

uint8_t device_initial_ttl(uint8_t ttl)
{
	return ttl <= 32 ? 32 : ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
}

static bool is_order(const struct answer_stack *stack, const char *wanted)
{
	size_t count = stack->order_count;

	while (count > 0 && stack->order[count - 1] == 0) {
		count--;
	}
	return count == strlen(wanted) && memcmp(stack->order, wanted, count) == 0;
}

static bool fits(const struct answer_stack *s, const struct device_stack *row)
{
	uint32_t segments = (uint32_t)row->window_segments * s->mss;

	return device_initial_ttl(s->ttl) == row->ttl &&
	       (row->window == 0 || s->window == row->window) &&
	       (segments == 0 || s->window == segments) &&
	       (row->window_segments == 0 || s->mss > 0) &&
	       (row->window_scale < 0 || s->window_scale == row->window_scale) &&
	       (!row->has_df || s->is_unfragmentable) && is_order(s, row->order);
}

const struct device_stack *device_stack_of(const struct answer_stack *stack)
{
	for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
		if (fits(stack, &stacks[i])) {
			return &stacks[i];
		}
	}
	return NULL;
}
