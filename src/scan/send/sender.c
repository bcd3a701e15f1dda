/* sender.c - the ladder. */
#include "scan/send/sender.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "scan/send/rung.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define ETHERNET_SIZE 14
#define ARPHRD_RAWIP_ 519 /* Debian 12's <net/if_arp.h> has no name for it */

static const struct rung *const rungs[SENDER_KINDS] = {
	[SENDER_XDP] = &rung_live_frames,
	[SENDER_AF_XDP] = &rung_af_xdp,
	[SENDER_MMSG] = &rung_mmsg,
};

struct sender {
	enum sender_kind kind;
	void *state; /* the rung's */
	struct rung_link link;
	unsigned mtu;
	struct template *templates;
	size_t template_count;
	struct why why_not[SENDER_KINDS];
	void *standbys[SENDER_KINDS]; /* of worse rungs; NULL where there is none */
	struct sender_stats past;     /* of rungs that failed */
	struct why fallen;
	size_t unsure_count; /* probes of a rung that failed, sent again first */
	size_t unsure_done;
	struct sender_probe unsure[RUNG_UNSURE_MAX];
};

const char *sender_kind_name(enum sender_kind kind)
{
	return kind > SENDER_BEST && kind < SENDER_KINDS ? rungs[kind]->name : "the best";
}

/* One question about the interface; true where it was answered. */
static bool ask(int fd, unsigned long question, const char *name, struct ifreq *out)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, name, IF_NAMESIZE);
	if (ioctl(fd, question, &request) != 0) {
		return false;
	}
	*out = request;
	return true;
}

static int look_at_type(struct sender *s, unsigned type, struct why *why)
{
	s->link.is_loopback = type == ARPHRD_LOOPBACK;
	switch (type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		s->link.link_size = ETHERNET_SIZE;
		return 0;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP_:
		s->link.link_size = 0;
		return 0;
	default:
		return why_set(why, ERR_UNSUPPORTED,
			       "%s is neither Ethernet nor plain IP (type %u of if_arp.h)",
			       s->link.name, type);
	}
}

static int look_at_link(struct sender *s, const struct sender_options *options, struct why *why)
{
	int fd OWNED(file_close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq answer;
	int error;

	if (strlen(options->interface) >= IF_NAMESIZE) {
		return why_set(why, ERR_NOT_FOUND, "no interface has so long a name");
	}
	(void)snprintf(s->link.name, sizeof s->link.name, "%s", options->interface);
	s->link.queue = options->queue;
	s->link.may_take_over = options->may_take_over;
	s->link.index = if_nametoindex(s->link.name);
	if (s->link.index == 0 || fd < 0 || !ask(fd, SIOCGIFHWADDR, s->link.name, &answer)) {
		return why_set(why, ERR_NOT_FOUND, "there is no interface %s", s->link.name);
	}
	error = look_at_type(s, answer.ifr_hwaddr.sa_family, why);
	if (error != 0) {
		return error;
	}
	if (!ask(fd, SIOCGIFFLAGS, s->link.name, &answer) || (answer.ifr_flags & IFF_UP) == 0) {
		return why_set(why, ERR_UNSUPPORTED, "%s is not up", s->link.name);
	}
	if (!ask(fd, SIOCGIFMTU, s->link.name, &answer)) {
		return why_set(why, ERR_IO, "%s does not tell its MTU", s->link.name);
	}
	s->mtu = (unsigned)answer.ifr_mtu;
	return 0;
}

static bool is_wanted(const struct sender_options *options, enum sender_kind kind)
{
	return options->kind == SENDER_BEST || options->kind == kind;
}

/* The first rung that holds. */
static int climb(struct sender *s, const struct sender_options *options)
{
	int error = ERR_UNSUPPORTED;

	for (enum sender_kind kind = SENDER_BEST + 1; kind < SENDER_KINDS; kind++) {
		if (!is_wanted(options, kind)) {
			(void)why_set(&s->why_not[kind], 0, "was not asked for");
			continue;
		}
		if ((options->without & 1u << kind) != 0) {
			(void)why_set(&s->why_not[kind], 0, "is switched off");
			continue;
		}
		error = rungs[kind]->open(&s->link, &s->state, &s->why_not[kind]);
		if (error == 0) {
			s->kind = kind;
			return 0;
		}
	}
	return error;
}

/* Rights are given up before anything is sent, so that what may be needed then is opened now. */
static void open_standbys(struct sender *s, const struct sender_options *options)
{
	struct rung_link link = s->link;
	struct why why;

	link.may_take_over = false; /* not in the way of the better one */
	for (enum sender_kind kind = s->kind + 1; kind < SENDER_KINDS; kind++) {
		if ((options->without & 1u << kind) == 0 &&
		    rungs[kind]->open(&link, &s->standbys[kind], &why) != 0) {
			s->standbys[kind] = NULL;
		}
	}
}

static int tell_all(const struct sender *s, int error, struct why *why)
{
	return why_set(why, error, "%s: %s; %s: %s; %s: %s", sender_kind_name(SENDER_XDP),
		       s->why_not[SENDER_XDP].text, sender_kind_name(SENDER_AF_XDP),
		       s->why_not[SENDER_AF_XDP].text, sender_kind_name(SENDER_MMSG),
		       s->why_not[SENDER_MMSG].text);
}

int sender_open(const struct sender_options *options, struct sender **out, struct why *why)
{
	struct sender *s = alloc_zeroed(1, sizeof *s);
	int error = look_at_link(s, options, why);

	if (error == 0) {
		error = climb(s, options);
		if (error != 0) {
			error = options->kind == SENDER_BEST
					? tell_all(s, error, why)
					: why_set(why, error, "%s: %s",
						  sender_kind_name(options->kind),
						  s->why_not[options->kind].text);
		}
	}
	if (error != 0) {
		free(s);
		return error;
	}
	if (options->kind == SENDER_BEST && options->has_standbys) {
		open_standbys(s, options);
	}
	*out = s;
	return 0;
}

void sender_close(struct sender **sender)
{
	if (*sender != NULL) {
		assert((*sender)->kind > SENDER_BEST && (*sender)->kind < SENDER_KINDS);
		for (enum sender_kind kind = SENDER_BEST + 1; kind < SENDER_KINDS; kind++) {
			if ((*sender)->standbys[kind] != NULL) {
				rungs[kind]->close((*sender)->standbys[kind]);
			}
		}
		rungs[(*sender)->kind]->close((*sender)->state);
		free((*sender)->templates);
		free(*sender);
	}
	*sender = NULL;
}

size_t sender_link_size(const struct sender *sender)
{
	return sender->link.link_size;
}

enum sender_kind sender_kind(const struct sender *sender)
{
	return sender->kind;
}

const char *sender_detail(const struct sender *sender)
{
	return rungs[sender->kind]->detail(sender->state);
}

const char *sender_why_not(const struct sender *sender, enum sender_kind kind)
{
	return kind < SENDER_KINDS && kind < sender->kind ? sender->why_not[kind].text : "";
}

int sender_add_template(struct sender *sender, const struct sender_template *template,
			unsigned *number, struct why *why)
{
	struct template made;
	int error = template_make(template, sender->link.link_size, &made, why);

	if (error != 0) {
		return error;
	}
	if (made.length > sender->link.link_size + sender->mtu) {
		return why_set(why, ERR_LIMIT, "the template has %u bytes, %s takes %zu",
			       made.length, sender->link.name,
			       sender->link.link_size + sender->mtu);
	}
	if (sender->template_count == SENDER_TEMPLATES_MAX) {
		return why_set(why, ERR_LIMIT, "there are %d templates already",
			       SENDER_TEMPLATES_MAX);
	}
	sender->templates = alloc_resize(sender->templates, sender->template_count + 1,
					 sizeof *sender->templates);
	sender->templates[sender->template_count] = made;
	*number = (unsigned)sender->template_count++;
	return 0;
}

/* That every probe names a template that is there: rungs rely on it. */
static bool are_known(const struct sender *sender, const struct sender_probe *probes, size_t count)
{
	unsigned largest = 0;

	for (size_t i = 0; i < count; i++) {
		largest = probes[i].template > largest ? probes[i].template : largest;
	}
	return count == 0 || largest < sender->template_count;
}

static bool is_there(const struct sender *s, bool *is_up)
{
	int fd OWNED(file_close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	if (if_indextoname(s->link.index, request.ifr_name) == NULL) {
		return false;
	}
	*is_up = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 &&
		 (request.ifr_flags & IFF_UP) != 0;
	return true;
}

/* To the next rung that waits; reason: why not this one any more. */
static bool step_down(struct sender *s, const char *reason)
{
	OWNED(alloc_free)
	struct sender_probe *given = alloc_zeroed(RUNG_UNSURE_MAX, sizeof *given);
	enum sender_kind next = s->kind + 1;
	size_t left = s->unsure_count - s->unsure_done;
	struct sender_stats stats;
	size_t count;

	while (next < SENDER_KINDS && s->standbys[next] == NULL) {
		next++;
	}
	if (next >= SENDER_KINDS) {
		return false;
	}
	assert(s->kind > SENDER_BEST && s->kind < SENDER_KINDS);
	/* what the failed rung took comes before what still waits to be sent again */
	count = rungs[s->kind]->give_back(s->state, given);
	assert(count + left <= RUNG_UNSURE_MAX); /* nothing new is taken while any are left */
	memmove(s->unsure + count, s->unsure + s->unsure_done, left * sizeof *s->unsure);
	memcpy(s->unsure, given, count * sizeof *s->unsure);
	s->unsure_count = count + left;
	s->unsure_done = 0;
	rungs[s->kind]->stats(s->state, &stats);
	s->past.sent += stats.sent;
	s->past.refused += stats.refused;
	s->past.full += stats.full;
	(void)why_set(&s->fallen, 0, "%s failed after %" PRIu64 " probes (%s): %s goes on",
		      sender_kind_name(s->kind), s->past.sent, reason, sender_kind_name(next));
	(void)why_set(&s->why_not[s->kind], 0, "failed while sending: %s", reason);
	rungs[s->kind]->close(s->state);
	s->kind = next;
	s->state = s->standbys[next];
	s->standbys[next] = NULL;
	return true;
}

bool sender_give_up(struct sender *sender)
{
	return step_down(sender, "it takes no frames any more");
}

const char *sender_fallen(const struct sender *sender)
{
	return sender->fallen.text;
}

/* What a failed rung may not have sent, then the rest. */
static int send_some(struct sender *s, struct rung_batch *batch, size_t *sent)
{
	size_t done = 0;
	int error = 0;

	*sent = 0;
	while (error == 0 && s->unsure_done < s->unsure_count) {
		struct rung_batch again = { s->templates, s->unsure + s->unsure_done,
					    s->unsure_count - s->unsure_done };

		error = rungs[s->kind]->send(s->state, &again, &done);
		s->unsure_done += done;
		if (done == 0) {
			return error; /* the queue is full */
		}
	}
	return error != 0 ? error : rungs[s->kind]->send(s->state, batch, sent);
}

int sender_send(struct sender *sender, const struct sender_probe *probes, size_t count,
		size_t *sent)
{
	*sent = 0;
	if (!are_known(sender, probes, count)) {
		return ERR_USAGE;
	}
	for (;;) {
		struct rung_batch batch = { sender->templates, probes + *sent, count - *sent };
		size_t some = 0;
		int error = send_some(sender, &batch, &some);
		int number = errno;
		bool is_up;

		*sent += some;
		if (error == 0) {
			return 0;
		}
		if (!is_there(sender, &is_up)) {
			return ERR_NOT_FOUND;
		}
		if (!is_up || !step_down(sender, strerror(number))) {
			return ERR_IO;
		}
	}
}

void sender_stats(struct sender *sender, struct sender_stats *out)
{
	rungs[sender->kind]->stats(sender->state, out);
	out->sent += sender->past.sent;
	out->refused += sender->past.refused;
	out->full += sender->past.full;
	out->pending += sender->unsure_count - sender->unsure_done;
}
