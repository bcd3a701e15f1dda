/* rows.c - the columns, one after the other. */
#include "scan/sensor/rows.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "base/text.h"
#include "formats/tls_suites.h"
#include "scan/answer.h"
#include "schema/schema.h"
#include "wire/row.h"

#define TEXTS_SIZE 4096
#define NAMES_SIZE 16384

/* Of a host key; OpenSSH allows for 16384. */
#define KEY_BITS_MAX 65536

void rows_init(struct rows *rows, uint8_t *bytes, size_t size)
{
	*rows = (struct rows){ .out = writer_over(bytes, size) };
}

/* The columns that every table begins with: scope, address. */
static void begin(struct row *row, uint16_t table, const struct rows_place *place,
		  char address[ADDRESS_TEXT_MAX])
{
	address_text(&place->address, address);
	row_init(row, schema_by_number(table));
	row_set_text(row, 0, span_of(place->scope));
	row_set_text(row, 1, span_of(address));
}

static void end(struct rows *rows, const struct row *row)
{
	uint8_t bytes[ROW_BYTES_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct writer before = rows->out;

	if (rows->count == ROWS_OF_PORT_MAX || row_encode(row, &w) != 0) {
		return;
	}
	writer_be16(&rows->out, row->table->number);
	writer_be32(&rows->out, (uint32_t)writer_used(&w));
	writer_bytes(&rows->out, writer_span(&w));
	if (!writer_ok(&rows->out)) {
		rows->out = before;
		return;
	}
	rows->count++;
}

/* What the answers say of who may come in; "" where they do not. */
static const char *access_of(const struct service_facts *facts)
{
	static const char *const told[] = { "redis.access", "mqtt.access" };
	static const char *const open_to_all[] = { "memcached", "elasticsearch", "docker", "modbus",
						   "s7",        "bacnet" };
	struct span community = facts_find(facts, "snmp.community");
	struct span protocol = span_of(facts->protocol);

	for (size_t i = 0; i < COUNT_OF(told); i++) {
		struct span said = facts_find(facts, told[i]);

		if (said.len > 0) {
			return span_is(said, "open") || span_is(said, "accepted") ? "anyone"
										  : "required";
		}
	}
	if (community.len > 0) {
		return span_is(community, "public") ? "default" : "";
	}
	if (span_is(facts_find(facts, "vnc.security"), "none")) {
		return "anyone";
	}
	for (size_t i = 0; i < COUNT_OF(open_to_all); i++) {
		if (span_is(protocol, open_to_all[i]) &&
		    facts_find(facts, "service.version").len > 0) {
			return "anyone";
		}
	}
	return "";
}

static bool is_within_tls(const struct service_facts *facts)
{
	return facts->layer == SERVICE_TLS || (facts->layer == SERVICE_PLAIN && facts->is_tls_open);
}

static void set_service(struct row *row, const struct identify_result *result,
			const struct product *product)
{
	const struct service_facts *facts = &result->facts;
	struct span protocol = span_of(facts->protocol);

	if (result->outcome == IDENTIFY_KNOWN && !span_is(protocol, "unknown")) {
		row_set_text_if_any(row, SCAN_PORTS_PROTOCOL, protocol);
		row_set_boolean(row, SCAN_PORTS_IS_TLS, is_within_tls(facts));
	}
	row_set_text_if_any(row, SCAN_PORTS_VENDOR, span_of(product->service.vendor));
	row_set_text_if_any(row, SCAN_PORTS_PRODUCT, span_of(product->service.product));
	row_set_text_if_any(row, SCAN_PORTS_VERSION, span_of(product->service.version));
	row_set_text_if_any(row, SCAN_PORTS_CPE, span_of(product->service.cpe));
	row_set_text_if_any(row, SCAN_PORTS_ACCESS, span_of(access_of(facts)));
}

/* What a machine says anew each time (a date, a nonce) would be a change each time: banners are
 * told of protocols that greet with a line about themselves. */
static bool is_banner_steady(const char *protocol)
{
	static const char *const steady[] = { "ssh",    "smtp", "ftp", "imap", "pop3",
					      "telnet", "nntp", "vnc", "rtsp", "sieve" };

	for (size_t i = 0; i < COUNT_OF(steady); i++) {
		if (strcmp(protocol, steady[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* Of HTTP it is one header that says who answers. */
static size_t banner_text(const struct service_facts *facts, uint8_t *out, size_t size)
{
	struct writer w = writer_over(out, size);
	struct reader r = reader_over((struct span){ facts->banner, facts->banner_len });
	struct span server = facts_find(facts, "http_header.server");

	if (strcmp(facts->protocol, "http") == 0 && server.len > 0) {
		writer_text(&w, "Server: ");
		text_write_utf8(&w, server, size - writer_used(&w));
		return writer_used(&w);
	}
	if (!is_banner_steady(facts->protocol)) {
		return 0;
	}
	text_write_utf8(&w, span_trim(reader_line(&r)), size);
	return writer_used(&w);
}

void rows_add_port(struct rows *rows, const struct rows_place *place,
		   const struct identify_result *result, const struct product *product)
{
	char address[ADDRESS_TEXT_MAX];
	uint8_t banner[ROWS_BANNER_MAX];
	struct row row;

	begin(&row, TABLE_SCAN_PORTS, place, address);
	row_set_text(&row, SCAN_PORTS_TRANSPORT,
		     span_of(transport_text((enum transport)place->transport)));
	row_set_integer(&row, SCAN_PORTS_PORT, place->port);
	row_set_text(&row, SCAN_PORTS_STATE, span_of("open"));
	row_set_text(&row, SCAN_PORTS_REASON,
		     span_of(answer_reason_text((enum answer_reason)place->reason)));
	if (result != NULL) {
		size_t len = banner_text(&result->facts, banner, sizeof banner);

		set_service(&row, result, product);
		row_set_text_if_any(&row, SCAN_PORTS_BANNER, (struct span){ banner, len });
	}
	end(rows, &row);
}

/* --- SSH --- */

/* "TYPE FINGERPRINT BITS"; the last may be missing. */
static void add_host_key(struct rows *rows, const struct rows_place *place, struct span fact)
{
	struct reader r = reader_over(fact);
	struct span type = reader_until(&r, ' ');
	struct span fingerprint = reader_until(&r, ' ');
	char address[ADDRESS_TEXT_MAX];
	uint64_t bits;
	struct row row;

	if (fingerprint.len == 0) {
		return;
	}
	begin(&row, TABLE_SCAN_HOST_KEYS, place, address);
	row_set_integer(&row, SCAN_HOST_KEYS_PORT, place->port);
	row_set_text(&row, SCAN_HOST_KEYS_TYPE, type);
	if (text_to_u64(reader_rest(&r), KEY_BITS_MAX, &bits) == 0) {
		row_set_integer(&row, SCAN_HOST_KEYS_BITS, (int64_t)bits);
	}
	row_set_text(&row, SCAN_HOST_KEYS_FINGERPRINT, fingerprint);
	end(rows, &row);
}

/* --- the page --- */

static bool holds(struct span text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++) {
		size_t k = 0;

		while (k < len && (text.ptr[i + k] | 0x20) == (uint8_t)(word[k] | 0x20)) {
			k++;
		}
		if (k == len) {
			return true;
		}
	}
	return false;
}

/* What a title says the page is for; "" for anything else. */
static const char *page_of(struct span title, struct span product)
{
	static const struct {
		const char *word;
		const char *page;
	} words[] = {
		{ "phpmyadmin", "admin" },
		{ "admin", "admin" },
		{ "dashboard", "admin" },
		{ "index of /", "listing" },
		{ "welcome to nginx", "default" },
		{ "apache2 debian default page", "default" },
		{ "it works", "default" },
		{ "log in", "login" },
		{ "login", "login" },
		{ "sign in", "login" },
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (holds(title, words[i].word) || holds(product, words[i].word)) {
			return words[i].page;
		}
	}
	return "";
}

static void add_page(struct rows *rows, const struct rows_place *place,
		     const struct service_facts *facts, const struct product *product)
{
	struct span title = facts_find(facts, "html_title");
	struct span powered = facts_find(facts, "http_header.x-powered-by");
	char address[ADDRESS_TEXT_MAX];
	uint64_t status;
	struct row row;

	if (text_to_u64(facts_find(facts, "http.status"), 999, &status) != 0) {
		return;
	}
	begin(&row, TABLE_SCAN_WEB, place, address);
	row_set_integer(&row, SCAN_WEB_PORT, place->port);
	row_set_text_if_any(&row, SCAN_WEB_NAME, span_of(place->name));
	row_set_boolean(&row, SCAN_WEB_IS_TLS, is_within_tls(facts));
	row_set_integer(&row, SCAN_WEB_STATUS, (int64_t)status);
	row_set_text_if_any(&row, SCAN_WEB_TITLE, title);
	row_set_text_if_any(&row, SCAN_WEB_SERVER, facts_find(facts, "http_header.server"));
	row_set_text_if_any(&row, SCAN_WEB_LOCATION, facts_find(facts, "http.location"));
	row_set_text_if_any(&row, SCAN_WEB_PAGE,
			    span_of(page_of(title, span_of(product->service.product))));
	row_set_text_if_any(&row, SCAN_WEB_PRODUCT, span_of(product->service.product));
	row_set_text_if_any(&row, SCAN_WEB_VERSION, span_of(product->service.version));
	if (powered.len > 0) {
		row_set_list(&row, SCAN_WEB_TECHNOLOGIES, &powered, 1);
	}
	end(rows, &row);
}

void rows_add_details(struct rows *rows, const struct rows_place *place,
		      const struct identify_result *result, const struct product *product)
{
	const struct service_facts *facts = &result->facts;

	for (size_t i = 0; i < facts->count; i++) {
		if (strcmp(facts->facts[i].kind, "ssh.host_key") == 0) {
			add_host_key(rows, place, facts_text(facts, i));
		}
	}
	add_page(rows, place, facts, product);
}

/* --- TLS --- */

static const char *starttls_text(enum tls_starttls kind)
{
	static const char *const texts[] = {
		[TLS_STARTTLS_NONE] = "",       [TLS_STARTTLS_SMTP] = "smtp",
		[TLS_STARTTLS_IMAP] = "imap",   [TLS_STARTTLS_POP3] = "pop3",
		[TLS_STARTTLS_FTP] = "ftp",     [TLS_STARTTLS_LDAP] = "ldap",
		[TLS_STARTTLS_XMPP] = "xmpp",   [TLS_STARTTLS_POSTGRES] = "postgres",
		[TLS_STARTTLS_MYSQL] = "mysql",
	};

	return texts[kind];
}

static void set_protocols(struct row *row, const struct tls_result *result,
			  struct span items[TLS_VERSIONS])
{
	size_t count = 0;

	for (unsigned v = 0; v < TLS_VERSIONS; v++) {
		if (result->versions[v].offered == TLS_YES) {
			items[count++] = span_of(tls_version_text((enum tls_version)v));
		}
	}
	row_set_list(row, SCAN_TLS_PROTOCOLS, items, count);
}

/* What a client of today gets: the newest version's first choice. */
static void set_choices(struct row *row, const struct tls_result *result, struct tls_suite *suite)
{
	bool is_post_quantum = false;

	for (unsigned v = TLS_VERSIONS; v > 0; v--) {
		const struct tls_version_result *version = &result->versions[v - 1];

		if (version->offered == TLS_YES && version->chosen != 0 &&
		    tls_suites_find(version->chosen, suite)) {
			row_set_text(row, SCAN_TLS_SUITE, span_of(suite->name));
			row_set_boolean(row, SCAN_TLS_HAS_FORWARD_SECRECY,
					tls_suite_has_forward_secrecy(suite));
			break;
		}
	}
	for (unsigned i = 0; i < result->groups.count; i++) {
		const struct tls_group *group = tls_groups_find(result->groups.ids[i]);

		is_post_quantum = is_post_quantum || (group != NULL && group->is_post_quantum);
		if (i == 0 && group != NULL) {
			row_set_text(row, SCAN_TLS_KEY_EXCHANGE, span_of(group->name));
		}
	}
	if (result->groups.count > 0) {
		row_set_boolean(row, SCAN_TLS_IS_POST_QUANTUM, is_post_quantum);
	}
}

static const struct tls_chain_facts *leaf_of(const struct tls_chain_facts *chains)
{
	for (unsigned t = 0; t < TLS_CERTIFICATE_TYPES; t++) {
		if (chains[t].is_present && chains[t].is_readable) {
			return &chains[t];
		}
	}
	return NULL;
}

static void add_endpoint(struct rows *rows, const struct rows_place *place,
			 const struct tls_result *result, const struct tls_chain_facts *chains,
			 const struct tls_grade *grade)
{
	const struct tls_chain_facts *leaf = leaf_of(chains);
	struct span protocols[TLS_VERSIONS];
	struct span found[TLS_VULNERABILITIES];
	struct span reasons[TLS_REASONS_MAX];
	struct tls_suite suite;
	char address[ADDRESS_TEXT_MAX];
	char fingerprint[2 * SHA256_SIZE + 1];
	size_t count = 0;
	struct row row;

	begin(&row, TABLE_SCAN_TLS, place, address);
	row_set_integer(&row, SCAN_TLS_PORT, place->port);
	row_set_text_if_any(&row, SCAN_TLS_NAME, span_of(place->name));
	row_set_text_if_any(&row, SCAN_TLS_STARTTLS,
			    span_of(starttls_text(result->target.starttls)));
	row_set_text(&row, SCAN_TLS_GRADE, span_of(tls_letter_text(grade->letter)));
	row_set_text(&row, SCAN_TLS_GRADE_WITHOUT_TRUST,
		     span_of(tls_letter_text(grade->without_trust)));
	row_set_integer(&row, SCAN_TLS_SCORE, grade->score);
	set_protocols(&row, result, protocols);
	set_choices(&row, result, &suite);
	for (unsigned v = 0; v < TLS_VULNERABILITIES; v++) {
		if (result->vulnerabilities[v].fact == TLS_YES) {
			found[count++] = span_of(tls_vulnerability_name((enum tls_vulnerability)v));
		}
	}
	row_set_list(&row, SCAN_TLS_VULNERABILITIES, found, count);
	for (unsigned i = 0; i < grade->count; i++) {
		reasons[i] = span_of(grade->reasons[i].rule->id);
	}
	row_set_list(&row, SCAN_TLS_REASONS, reasons, grade->count);
	row_set_text_if_any(&row, SCAN_TLS_ALPN, span_of(result->alpn));
	if (result->http.hsts == TLS_YES) {
		row_set_integer(&row, SCAN_TLS_HSTS_S,
				(int64_t)(result->http.max_age_s & INT64_MAX));
	}
	if (leaf != NULL) {
		text_to_hex((struct span){ leaf->sha256, SHA256_SIZE }, fingerprint);
		row_set_text(&row, SCAN_TLS_CERTIFICATE, span_of(fingerprint));
		row_set_boolean(&row, SCAN_TLS_IS_TRUSTED, leaf->trust.problems == 0);
		if (place->name[0] != '\0') {
			row_set_boolean(&row, SCAN_TLS_IS_NAME_MATCHED,
					leaf->match != X509_MATCH_NONE);
		}
	}
	end(rows, &row);
}

static void set_written(struct row *row, unsigned column, const struct x509 *certificate,
			void (*write)(const struct x509 *certificate, struct writer *w),
			struct writer *texts)
{
	size_t mark = writer_used(texts);

	write(certificate, texts);
	if (!writer_ok(texts)) {
		writer_rewind(texts, mark);
		return;
	}
	row_set_text_if_any(row, column, span_after(writer_span(texts), mark));
}

static void set_name(struct row *row, unsigned column, struct span name, struct writer *texts)
{
	size_t mark = writer_used(texts);

	if (x509_write_name(name, texts) == 0 && writer_ok(texts)) {
		row_set_text_if_any(row, column, span_after(writer_span(texts), mark));
	} else {
		writer_rewind(texts, mark);
	}
}

static void add_certificate(struct rows *rows, const struct rows_place *place, struct span der,
			    unsigned number, const struct tls_chain_facts *facts)
{
	uint8_t digest[SHA256_SIZE];
	char fingerprint[2 * SHA256_SIZE + 1];
	char address[ADDRESS_TEXT_MAX];
	uint8_t texts[TEXTS_SIZE];
	uint8_t names[NAMES_SIZE];
	struct span items[ROW_LIST_MAX];
	struct writer w = writer_over(texts, sizeof texts);
	struct writer names_writer = writer_over(names, sizeof names);
	struct x509 certificate;
	struct row row;

	if (x509_parse(der, &certificate) != 0) {
		return;
	}
	sha256_of(der, digest);
	text_to_hex((struct span){ digest, sizeof digest }, fingerprint);
	begin(&row, TABLE_SCAN_CERTIFICATES, place, address);
	row_set_integer(&row, SCAN_CERTIFICATES_PORT, place->port);
	row_set_text_if_any(&row, SCAN_CERTIFICATES_NAME, span_of(place->name));
	row_set_text(&row, SCAN_CERTIFICATES_FINGERPRINT, span_of(fingerprint));
	set_name(&row, SCAN_CERTIFICATES_SUBJECT, certificate.subject, &w);
	set_name(&row, SCAN_CERTIFICATES_ISSUER, certificate.issuer, &w);
	row_set_list(&row, SCAN_CERTIFICATES_NAMES, items,
		     x509_list_names(&certificate, &names_writer, items, ROW_LIST_MAX));
	set_written(&row, SCAN_CERTIFICATES_SERIAL, &certificate, x509_write_serial, &w);
	set_written(&row, SCAN_CERTIFICATES_KEY_TYPE, &certificate, x509_write_key_type, &w);
	set_written(&row, SCAN_CERTIFICATES_SIGNATURE, &certificate, x509_write_signature, &w);
	row_set_integer(&row, SCAN_CERTIFICATES_NOT_BEFORE, certificate.not_before);
	row_set_integer(&row, SCAN_CERTIFICATES_NOT_AFTER, certificate.not_after);
	row_set_integer(&row, SCAN_CERTIFICATES_KEY_BITS, certificate.key_bits);
	row_set_boolean(&row, SCAN_CERTIFICATES_IS_SELF_SIGNED, certificate.is_self_signed);
	row_set_integer(&row, SCAN_CERTIFICATES_CHAIN, number);
	if (number == 0) {
		row_set_boolean(&row, SCAN_CERTIFICATES_IS_TRUSTED, facts->trust.problems == 0);
		if (place->name[0] != '\0') {
			row_set_boolean(&row, SCAN_CERTIFICATES_IS_NAME_MATCHED,
					facts->match != X509_MATCH_NONE);
		}
	}
	end(rows, &row);
}

void rows_add_tls(struct rows *rows, const struct rows_place *place,
		  const struct tls_result *result,
		  const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES],
		  const struct tls_grade *grade)
{
	unsigned told = 0;

	add_endpoint(rows, place, result, chains, grade);
	for (unsigned t = 0; t < TLS_CERTIFICATE_TYPES; t++) {
		const struct tls_chain *chain = &result->chains[t];

		for (unsigned i = 0; i < chain->count && told < ROWS_CERTIFICATES; i++, told++) {
			add_certificate(rows, place, chain->certificates[i], i, &chains[t]);
		}
	}
}

/* --- reading them back --- */

bool rows_next(struct reader *rows, uint16_t *out_table, struct span *out_row)
{
	if (reader_left(rows) == 0) {
		return false;
	}
	*out_table = reader_be16(rows);
	*out_row = reader_bytes(rows, reader_be32(rows));
	return reader_ok(rows);
}

static bool is_text(const struct row *row, unsigned column, const char *text)
{
	const struct value *value = &row->values[column];

	return value->kind == VALUE_TEXT && span_is(value->text, text);
}

/* The name column: absent where no name was asked for. */
static bool is_named(const struct row *row, unsigned column, const char *name)
{
	return name[0] == '\0' ? row->values[column].kind == VALUE_NULL
			       : is_text(row, column, name);
}

bool rows_is_of(const struct rows_place *place, uint16_t table, struct span bytes)
{
	const struct table *known = schema_by_number(table);
	char address[ADDRESS_TEXT_MAX];
	unsigned port = 2;
	bool is_fine = true;
	struct row row;

	if (table < TABLE_SCAN_PORTS || table > TABLE_SCAN_HOST_KEYS || known == NULL ||
	    row_decode(known, bytes, &row) != 0) {
		return false;
	}
	address_text(&place->address, address);
	if (table == TABLE_SCAN_PORTS) {
		port = SCAN_PORTS_PORT;
		is_fine = is_text(&row, SCAN_PORTS_TRANSPORT,
				  transport_text((enum transport)place->transport));
	} else if (table != TABLE_SCAN_HOST_KEYS) {
		is_fine = is_named(&row, 3, place->name);
	}
	return is_fine && is_text(&row, 0, place->scope) && is_text(&row, 1, address) &&
	       row.values[port].kind == VALUE_INTEGER && row.values[port].number == place->port;
}
