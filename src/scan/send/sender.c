/* sender.c - the ladder. */
#include "scan/send/sender.h"

#include <errno.h>
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
	*out = s;
	return 0;
}

void sender_close(struct sender **sender)
{
	if (*sender != NULL) {
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

int sender_send(struct sender *sender, const struct sender_probe *probes, size_t count,
		size_t *sent)
{
	struct rung_batch batch = { .templates = sender->templates,
				    .probes = probes,
				    .count = count };

	*sent = 0;
	if (!are_known(sender, probes, count)) {
		return ERR_USAGE;
	}
	return rungs[sender->kind]->send(sender->state, &batch, sent);
}

void sender_stats(struct sender *sender, struct sender_stats *out)
{
	rungs[sender->kind]->stats(sender->state, out);
}
