/* choice.c - the order of hellos. */
#include "scan/identify/choice.h"

/* What servers on unexpected ports are, most frequent first; the rest depends on how they behave.
 */
static const char *const general[] = { "http", "tls", NULL };
/* By what it did when it was said HTTP's and then TLS's words, neither of which it answered. */
static const char *const closed_both[] = { "postgresql", "mqtt", "ldap", "smb", "rdp", NULL };
static const char *const closed_http[] = { "redis", "smb", "rdp", "postgresql", NULL };
static const char *const closed_tls[] = { "rdp", "s7", "smb", "mssql", NULL };
static const char *const closed_none[] = { "smb", "dns", "mssql", "modbus", "s7", NULL };
static const char *const within_tls[] = { "http", "http2", "mqtt", "ldap", "xmpp", "dns", NULL };
static const char *const by_datagram[] = { "dns", "snmp", "ntp", "sip", "bacnet", NULL };

static bool is_tried(const struct choice_state *s, size_t place)
{
	return (s->tried >> place & 1) != 0;
}

static bool take(struct choice_state *s, size_t place, struct choice *out)
{
	const struct prober *prober = probers[place];

	if (is_tried(s, place) || prober->hello == NULL ||
	    (prober->transports & s->transport) == 0) {
		return false;
	}
	s->tried |= UINT64_C(1) << place;
	*out = (struct choice){ .prober = prober };
	return true;
}

static bool take_tls(struct choice_state *s, struct choice *out)
{
	if (s->is_inner || s->is_tls_tried || s->transport != PROBER_TCP) {
		return false;
	}
	s->is_tls_tried = true;
	*out = (struct choice){ .is_tls = true };
	return true;
}

static bool has(const uint16_t *ports, unsigned port)
{
	for (; ports != NULL && *ports != 0; ports++) {
		if (*ports == port) {
			return true;
		}
	}
	return false;
}

bool choice_expects_tls(unsigned port)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (has(probers[i]->tls_ports, port)) {
			return true;
		}
	}
	return false;
}

static bool is_usual(const struct choice_state *s, const struct prober *prober)
{
	return has(s->is_inner ? prober->tls_ports : prober->ports, s->port) &&
	       (prober->transports & s->transport) != 0;
}

const struct prober *choice_usual(const struct choice_state *s)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (is_usual(s, probers[i])) {
			return probers[i];
		}
	}
	return NULL;
}

/* 15432 and 54321 for 5432: people add a digit in front or behind. */
static bool is_akin(const struct prober *prober, unsigned port)
{
	for (const uint16_t *p = prober->ports; *p != 0; p++) {
		unsigned scale = *p < 1000 ? 1000 : 10000;

		if (*p >= 80 && ((port > *p && port % scale == *p) || port / 10 == *p)) {
			return true;
		}
	}
	return false;
}

static bool take_named(struct choice_state *s, const char *const *names, struct choice *out)
{
	for (; *names != NULL; names++) {
		if (span_is(span_of(*names), "tls")) {
			if (take_tls(s, out)) {
				return true;
			}
			continue;
		}
		for (size_t i = 0; probers[i] != NULL; i++) {
			if (span_is(span_of(probers[i]->name), *names) && take(s, i, out)) {
				return true;
			}
		}
	}
	return false;
}

static bool take_agreed(struct choice_state *s, struct choice *out)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		const char *const *name = probers[i]->alpn;

		for (; name != NULL && *name != NULL; name++) {
			if (span_is(span_of(*name), s->alpn) && take(s, i, out)) {
				return true;
			}
		}
	}
	return false;
}

static const char *const *by_behaviour(const struct choice_state *s)
{
	if (s->closes_http) {
		return s->closes_tls ? closed_both : closed_http;
	}
	return s->closes_tls ? closed_tls : closed_none;
}

static bool take_hinted(struct choice_state *s, struct choice *out)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (probers[i] == s->hinted) {
			return take(s, i, out);
		}
	}
	return false;
}

void choice_skip_anonymous(struct choice_state *s)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (probers[i]->is_anonymous_ask) {
			s->tried |= UINT64_C(1) << i;
		}
	}
}

bool choice_next(struct choice_state *s, struct choice *out)
{
	if (s->has_tls_bytes && take_tls(s, out)) {
		return true;
	}
	if (s->hinted != NULL && take_hinted(s, out)) {
		return true;
	}
	if (s->is_inner && s->alpn[0] != '\0' && take_agreed(s, out)) {
		return true;
	}
	if (!s->is_inner && choice_expects_tls(s->port) && take_tls(s, out)) {
		return true;
	}
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (is_usual(s, probers[i]) && take(s, i, out)) {
			return true;
		}
	}
	for (size_t i = 0; probers[i] != NULL && !s->is_inner; i++) {
		if (is_akin(probers[i], s->port) && take(s, i, out)) {
			return true;
		}
	}
	if (s->transport == PROBER_UDP) {
		return take_named(s, by_datagram, out);
	}
	if (s->is_inner) {
		return take_named(s, within_tls, out);
	}
	return take_named(s, general, out) || take_named(s, by_behaviour(s), out);
}

bool choice_expects_banner(const struct choice_state *s)
{
	const struct prober *usual = choice_usual(s);

	return usual != NULL && usual->speaks_first;
}

bool choice_expects_hello(const struct choice_state *s)
{
	const struct prober *usual = choice_usual(s);

	return (usual != NULL && !usual->speaks_first) ||
	       (!s->is_inner && choice_expects_tls(s->port)) || (s->is_inner && s->alpn[0] != '\0');
}
