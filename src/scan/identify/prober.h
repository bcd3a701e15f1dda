/*
 * prober.h - one protocol's way to be recognised: what it says first, and what it makes of answers.
 *
 * A prober is pure: it sees all bytes that one connection brought so far, it does no I/O and keeps
 * no state. It says nothing that changes the target, and never logs in. Every prober is shown every
 * server's bytes, also answers to another protocol's words, so NOT must be said as early as
 * possible and IS only for what no other protocol would send.
 */
#pragma once

#include "base/writer.h"
#include "scan/identify/facts.h"
#include "scan/contact.h"
#include "scan/starttls.h"

#define PROBER_SAY_MAX   1024 /* bytes that are said at once */
#define PROBER_STEPS_MAX 6    /* things said on one connection */

enum { PROBER_TCP = 1, PROBER_UDP = 2 };

enum probe_verdict {             /* in the order of how much is known */
		     PROBE_NOT,  /* these bytes are not of this protocol */
		     PROBE_TRY,  /* nothing to be sure of, but worth a connection for its own hello
				  */
		     PROBE_MORE, /* may be; more bytes are needed. Never where ended. */
		     PROBE_SAY, /* probably is this, and say holds the next words of the dialogue */
		     PROBE_IS,  /* is this, and all is known that will be */
};

/* One connection as it stands. */
struct probe_view {
	struct span bytes;   /* all that came, or the last datagram */
	size_t since;        /* bytes[since...] came after what was said last */
	const char *said_by; /* name of the prober whose words were last said; NULL: nothing said */
	unsigned step;       /* words that this prober said on the connection, hello included */
	bool ended;          /* nothing more will come: closed, silent, or at the limit */
	bool is_datagram;    /* UDP */
	bool is_tls;         /* within TLS */
	bool is_ours;        /* it answers our question for sure: no need to look for its number */
	const char *alpn;    /* "" where none */
	const char *host;    /* for Host and the like: a name, or the address as text */
	const struct contact *contact; /* who asks; never NULL */
	unsigned port;
};

struct prober {
	const char *name;          /* the protocol, as results call it */
	unsigned transports;       /* PROBER_TCP, PROBER_UDP or both */
	bool speaks_first;         /* the server does: hello may be NULL */
	const uint16_t *ports;     /* usual ones, ended by 0 */
	const uint16_t *tls_ports; /* usual ones where it is within TLS, ended by 0; or NULL */
	const char *const *alpn;   /* names of it (RFC 7301), ended by NULL; or NULL */
	enum starttls_protocol starttls;
	bool is_anonymous_ask; /* its hello asks to be let in as nobody, or with a word that is
				* everybody's: some owners do not want that */

	/* What is said first. view->bytes is empty. */
	void (*hello)(const struct probe_view *view, struct writer *say);

	/* After IS: whether one more connection would tell more than facts hold already, which read
	 * sees then. Asked a few times at the most; may be NULL. */
	bool (*again)(const struct service_facts *facts);

	/* facts is written for SAY and IS only; repeated facts do no harm. say is empty before, and
	 * is said for SAY only. */
	enum probe_verdict (*read)(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say);
};

/* Every prober, ended by NULL; the order is that of trying them where a port says nothing. */
extern const struct prober *const probers[];

/* By name; NULL where there is none. */
const struct prober *prober_find(const char *name);

/* True where the port is one of its usual ones. */
bool prober_has_port(const struct prober *prober, unsigned port);

/* Bytes after what was said last. */
static inline struct span probe_fresh(const struct probe_view *view)
{
	return span_after(view->bytes, view->since);
}

/* MORE, or NOT where nothing more will come. */
static inline enum probe_verdict probe_wait(const struct probe_view *view)
{
	return view->ended ? PROBE_NOT : PROBE_MORE;
}
