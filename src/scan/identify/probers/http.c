/* http.c - HTTP/1.1 (RFC 9112): one GET, and a second for the icon, or where the first named a
 * product that says its version elsewhere. */
#include "scan/identify/probers/http.h"

#include "base/md5.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/ascii.h"

#define COOKIES_MAX 8u
#define BODY_ROOM   (16u << 10)
#define ICON_MAX    (60u << 10) /* what fits a connection's bytes beside heads */

void http_write_agent(const struct contact *contact, struct writer *say)
{
	writer_text(say, "Mozilla/5.0 (compatible; bartizan; ");
	contact_write_comment(contact, say);
	writer_text(say, ")");
}

static void ask_for(const struct probe_view *view, const char *path, struct writer *say)
{
	bool is_six = view->host[span_find(span_of(view->host), ':')] == ':';

	writer_text(say, "GET ");
	writer_text(say, path);
	writer_text(say, " HTTP/1.1\r\nHost: ");
	writer_text(say, is_six ? "[" : "");
	writer_bytes(say, span_first(span_of(view->host), 255));
	writer_text(say, is_six ? "]" : "");
	if (view->port != (view->is_tls ? 443u : 80u)) {
		writer_text(say, ":");
		writer_decimal(say, view->port);
	}
	writer_text(say, "\r\nUser-Agent: ");
	http_write_agent(view->contact, say);
	if (view->contact->mail[0] != '\0') { /* RFC 9110 section 10.1.2 */
		writer_text(say, "\r\nFrom: ");
		writer_text(say, view->contact->mail);
	}
	writer_text(say, "\r\nAccept: */*\r\n\r\n");
}

static void hello(const struct probe_view *view, struct writer *say)
{
	ask_for(view, "/", say);
}

/* The text of <title>. */
static bool find_title(struct span body, struct span *out)
{
	for (size_t i = 0; i + 8 <= body.len; i++) {
		struct reader r = reader_over(span_after(body, i));

		if (body.ptr[i] != '<' || !ascii_same(span_first(r.rest, 6), "<title")) {
			continue;
		}
		(void)reader_until(&r, '>');
		*out = reader_until(&r, '<');
		return reader_left(&r) > 0;
	}
	return false;
}

static void tell_headers(const struct words_answer *a, struct service_facts *facts)
{
	static const struct {
		const char *name;
		const char *kind;
	} wanted[] = {
		{ "server", "http_header.server" },
		{ "set-cookie", "http_header.cookie" },
		{ "www-authenticate", "http_header.wwwauth" },
		{ "x-powered-by", "http_header.x-powered-by" },
		{ "location", "http.location" },
	};

	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		struct reader r = reader_over(a->headers);
		struct span value;

		for (unsigned n = 0; n < COOKIES_MAX && words_header(&r, wanted[i].name, &value);
		     n++) {
			facts_add(facts, wanted[i].kind, value);
		}
	}
}

/* Servers that speak TLS only, and say so in the clear: nginx, Apache, Go, Jetty. */
static bool asks_for_tls(const struct words_answer *a, struct span body)
{
	return a->status == 400 &&
	       (words_contain(body, "plain HTTP request was sent to HTTPS port") ||
		words_contain(body, "speaking plain HTTP to an SSL-enabled server port") ||
		words_contain(body, "sent an HTTP request to an HTTPS server"));
}

static const struct http_product *product_of(const struct words_answer *a, struct span body)
{
	for (size_t i = 0; http_products[i].protocol != NULL; i++) {
		if (http_products[i].is_this(a, body)) {
			return &http_products[i];
		}
	}
	return NULL;
}

static const struct http_product *product_named(const char *protocol)
{
	for (size_t i = 0; http_products[i].protocol != NULL; i++) {
		if (span_is(span_of(http_products[i].protocol), protocol)) {
			return &http_products[i];
		}
	}
	return NULL;
}

/* --- the icon --- */

/* The address of a <link rel="...icon..." href="/...">; of this server only. */
static bool take_icon_link(struct span tag, struct http_next *next)
{
	struct reader r = reader_over(tag);

	if (!words_contain(tag, "icon")) {
		return false;
	}
	while (reader_left(&r) > 0) {
		struct span name = span_trim(reader_until(&r, '='));
		struct span value = r.rest;

		if (name.len < 4 || !ascii_same(span_after(name, name.len - 4), "href")) {
			continue;
		}
		if (value.len > 0 && (value.ptr[0] == '"' || value.ptr[0] == '\'')) {
			value = span_first(span_after(value, 1),
					   span_find(span_after(value, 1), value.ptr[0]));
		} else {
			value = span_first(value, span_find(value, ' '));
		}
		if (value.len < 2 || value.len > HTTP_PATH_MAX || value.ptr[0] != '/' ||
		    value.ptr[1] == '/') {
			return false;
		}
		for (size_t i = 0; i < value.len; i++) {
			if (value.ptr[i] <= ' ' || value.ptr[i] > '~') {
				return false; /* nothing of it may end the request's line */
			}
		}
		mem_copy(next->path, value.ptr, value.len);
		next->path[value.len] = '\0';
		return true;
	}
	return false;
}

/* What the page names, else where browsers look. */
static void find_icon(struct span body, struct http_next *next)
{
	static const char usual[] = "/favicon.ico";

	for (size_t i = 0; i + 6 <= body.len; i++) {
		struct reader r = reader_over(span_after(body, i));

		if (body.ptr[i] == '<' && ascii_same(span_first(r.rest, 5), "<link") &&
		    take_icon_link(reader_until(&r, '>'), next)) {
			return;
		}
	}
	mem_copy(next->path, usual, sizeof usual);
}

/* Recog knows icons by their MD5. */
static void tell_icon(const struct words_answer *a, struct service_facts *facts)
{
	uint8_t room[ICON_MAX];
	struct span icon = words_unchunk(a, room, sizeof room);
	uint8_t digest[MD5_SIZE];
	char hex[2 * MD5_SIZE + 1];

	if (a->status == 200 && icon.len > 0 && icon.len < ICON_MAX) {
		md5_of(icon, digest);
		text_to_hex((struct span){ digest, sizeof digest }, hex);
		facts_add_text(facts, "favicon.md5", hex);
	}
}

/* --- an answer --- */

static void tell_page(const struct probe_view *view, const struct words_answer *a, struct span body,
		      struct service_facts *facts)
{
	uint8_t status[8];
	struct writer w = writer_over(status, sizeof status);
	struct span title;

	writer_decimal(&w, a->status);
	facts_add(facts, "http.status", writer_span(&w));
	tell_headers(a, facts);
	if (find_title(body, &title)) {
		facts_add(facts, "html_title", title);
	}
	facts->is_tls_expected = !view->is_tls && asks_for_tls(a, body);
}

/* Is there a page somebody looks at? */
static bool is_page(const struct words_answer *a)
{
	return words_contain(words_header_first(a, "content-type"), "html") &&
	       (a->status < 400 || a->status == 401 || a->status == 403);
}

void http_tell(const struct probe_view *view, const struct words_answer *a,
	       struct service_facts *facts, struct http_next *next)
{
	uint8_t room[BODY_ROOM];
	struct span body = words_unchunk(a, room, sizeof room);
	const struct http_product *product;

	next->path[0] = '\0';
	if (view->step > 1) {
		product = product_named(facts->protocol);
		if (product == NULL) {
			tell_icon(a, facts);
		} else if (product->tell != NULL && a->status == 200) {
			product->tell(body, facts);
		}
		return;
	}
	tell_page(view, a, body, facts);
	product = product_of(a, body);
	if (product == NULL) {
		if (view->step == 1 && is_page(a) && !facts->is_tls_expected) {
			find_icon(body, next);
		}
		return;
	}
	facts_set_protocol(facts, product->protocol);
	if (product->tell != NULL) {
		product->tell(body, facts);
	}
	if (product->ask != NULL && view->step > 0) {
		struct span path = span_first(span_of(product->ask), HTTP_PATH_MAX);

		mem_copy(next->path, path.ptr, path.len);
		next->path[path.len] = '\0';
	}
}

static enum probe_verdict http_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct words_answer a;
	struct http_next next;
	enum probe_verdict verdict = words_answer(probe_fresh(view), view->ended, "HTTP/1.", &a);

	if (verdict == PROBE_NOT && view->step > 1) {
		return PROBE_IS; /* its first answer was one */
	}
	if (verdict != PROBE_IS) {
		return verdict;
	}
	if (a.status == 200 && words_contain(span_first(a.body, 200), "access MongoDB over HTTP")) {
		return PROBE_NOT; /* not a web server, and says so */
	}
	if (!a.is_complete) {
		return probe_wait(view);
	}
	http_tell(view, &a, facts, &next);
	if (next.path[0] == '\0') {
		return PROBE_IS;
	}
	ask_for(view, next.path, say);
	return PROBE_SAY;
}

static const uint16_t ports[] = { 80,   8080, 8000, 8008, 8081, 8888, 3000, 5000, 9000, 9090,
				  9200, 2375, 631,  5984, 2379, 8500, 5601, 8983, 0 };
static const uint16_t tls_ports[] = { 443,  8443, 9443, 6443,  2376,  4443,
				      5986, 8006, 7443, 10250, 10443, 0 };
static const char *const alpn[] = { "http/1.1", NULL };

const struct prober prober_http = {
	.name = "http",
	.transports = PROBER_TCP,
	.ports = ports,
	.tls_ports = tls_ports,
	.alpn = alpn,
	.hello = hello,
	.read = http_read,
};
