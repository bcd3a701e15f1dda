/* cpe_name.c - formatted strings of CPE, and which product of several names one means. */
#include "formats/cpe_name.h"

#include "base/error.h"
#include "base/reader.h"
#include "formats/ascii.h"

/* What goes unquoted in a formatted string: letters, digits and these. */
static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool cpe_is_any(struct span attribute)
{
	return span_is(attribute, "*");
}

bool cpe_is_none(struct span attribute)
{
	return span_is(attribute, "-");
}

/* The attribute that comes next; the colon behind it is consumed. */
static struct span take_attribute(struct reader *r)
{
	struct span rest = reader_rest(r);
	size_t end = 0;

	while (end < rest.len && rest.ptr[end] != ':') {
		end += rest.ptr[end] == '\\' ? 2 : 1;
	}
	end = end < rest.len ? end : rest.len;
	*r = reader_over(span_after(rest, end + 1));
	return span_first(rest, end);
}

/* Printable ASCII; a backslash quotes something; * and runs of ? at an end only (section 6.2.2). */
static bool is_attribute(struct span text)
{
	size_t first = 0;
	size_t last = text.len;

	if (cpe_is_any(text) || cpe_is_none(text)) {
		return true;
	}
	while (first < last && (text.ptr[first] == '*' || text.ptr[first] == '?')) {
		first++;
	}
	while (last > first && (text.ptr[last - 1] == '*' || text.ptr[last - 1] == '?') &&
	       !(last - first >= 2 && text.ptr[last - 2] == '\\')) {
		last--;
	}
	for (size_t i = first; i < last; i++) {
		uint8_t c = text.ptr[i];

		if (c == '\\') {
			i++;
			if (i == last || text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f) {
				return false;
			}
		} else if (c <= ' ' || c >= 0x7f || c == '*' || c == '?') {
			return false;
		}
	}
	return first < last;
}

int cpe_name_read(struct span text, struct cpe_name *out)
{
	struct reader r = reader_over(span_after(text, 8));
	struct cpe_name name;
	struct span part;

	if (text.len > CPE_NAME_MAX) {
		return ERR_LIMIT;
	}
	if (!span_starts_with(text, "cpe:2.3:")) {
		return ERR_MALFORMED;
	}
	for (size_t i = 0; i < CPE_ATTRIBUTES; i++) {
		name.attributes[i] = take_attribute(&r);
		if (name.attributes[i].len > CPE_ATTRIBUTE_MAX) {
			return ERR_LIMIT;
		}
		if (!is_attribute(name.attributes[i])) {
			return ERR_MALFORMED;
		}
	}
	part = name.attributes[CPE_PART];
	if (reader_left(&r) > 0 || span_ends_with(text, ":") ||
	    !(span_is(part, "a") || span_is(part, "o") || span_is(part, "h") || cpe_is_any(part))) {
		return ERR_MALFORMED;
	}
	*out = name;
	return 0;
}

/* --- characters --- */

enum kind { KIND_END, KIND_CHARACTER, KIND_ONE, KIND_SOME };

/* The next character, in lower case, or what stands for others. */
static enum kind next(struct reader *r, uint8_t *out)
{
	if (reader_left(r) == 0) {
		return KIND_END;
	}
	*out = reader_u8(r);
	if (*out == '*' || *out == '?') {
		return *out == '*' ? KIND_SOME : KIND_ONE;
	}
	if (*out == '\\' && reader_left(r) > 0) {
		*out = reader_u8(r);
	}
	*out = ascii_lower(*out);
	return KIND_CHARACTER;
}

bool cpe_has_wildcards(struct span attribute)
{
	struct reader r = reader_over(attribute);
	enum kind kind;
	uint8_t c;

	while ((kind = next(&r, &c)) != KIND_END) {
		if (kind != KIND_CHARACTER) {
			return true;
		}
	}
	return false;
}

/* As a shell's pattern: goes back to the last * only, so it is never worse than length times
 * length. */
bool cpe_takes_in(struct span criterion, struct span attribute)
{
	struct reader pattern = reader_over(criterion);
	struct reader text = reader_over(attribute);
	struct reader pattern_mark = pattern;
	struct reader text_mark = text;
	bool has_mark = false;

	if (cpe_is_any(criterion) || cpe_is_any(attribute) || cpe_is_none(criterion) ||
	    cpe_is_none(attribute)) {
		return cpe_is_any(criterion) || span_equal(criterion, attribute);
	}
	while (reader_left(&text) > 0) {
		struct reader ahead = text;
		uint8_t wanted = 0;
		uint8_t c = 0;
		enum kind kind = next(&pattern, &wanted);

		(void)next(&ahead, &c);
		if (kind == KIND_SOME) {
			has_mark = true;
			pattern_mark = pattern;
			text_mark = text;
		} else if (kind == KIND_ONE || (kind == KIND_CHARACTER && wanted == c)) {
			text = ahead;
		} else if (has_mark) {
			(void)next(&text_mark, &c);
			text = text_mark;
			pattern = pattern_mark;
		} else {
			return false;
		}
	}
	/* ? stands for none, too, at an end (NISTIR 7695, section 5.3.2: zero or one) */
	while (reader_left(&pattern) > 0) {
		uint8_t c;

		if (next(&pattern, &c) == KIND_CHARACTER) {
			return false;
		}
	}
	return true;
}

void cpe_write_plain(struct span attribute, struct writer *out)
{
	struct reader r = reader_over(attribute);
	uint8_t c;

	while (next(&r, &c) != KIND_END) {
		writer_u8(out, c);
	}
}

void cpe_write_quoted(struct span attribute, struct writer *out)
{
	struct reader r = reader_over(attribute);
	bool is_hyphen = span_is(attribute, "\\-"); /* alone it would be none */
	enum kind kind;
	uint8_t c;

	while ((kind = next(&r, &c)) != KIND_END) {
		if (kind == KIND_CHARACTER && (!is_plain(c) || is_hyphen)) {
			writer_u8(out, '\\');
		}
		writer_u8(out, c);
	}
}

/* --- products --- */

/* Names that fingerprints, old entries of NVD and new ones have for one product. The second one is
 * what NVD uses now. */
static const char *const renamed[][2] = {
	{ "a:nginx:nginx", "a:f5:nginx" },
	{ "a:igor_sysoev:nginx", "a:f5:nginx" },
	{ "a:redislabs:redis", "a:redis:redis" },
	{ "a:pivotal_software:redis", "a:redis:redis" },
	{ "a:elasticsearch:elasticsearch", "a:elastic:elasticsearch" },
	{ "a:elasticsearch:kibana", "a:elastic:kibana" },
	{ "a:vsftpd:vsftpd", "a:vsftpd_project:vsftpd" },
	{ "a:beasts:vsftpd", "a:vsftpd_project:vsftpd" },
	{ "a:proftpd_project:proftpd", "a:proftpd:proftpd" },
	{ "a:pureftpd:pure_ftpd", "a:pureftpd:pure-ftpd" },
	{ "a:microsoft:iis", "a:microsoft:internet_information_services" },
	{ "a:microsoft:internet_information_server", "a:microsoft:internet_information_services" },
	{ "a:mysql:mysql", "a:oracle:mysql" },
	{ "a:sun:mysql", "a:oracle:mysql" },
	{ "a:oracle:mysql_server", "a:oracle:mysql" },
	{ "a:mariadb:mariadb_server", "a:mariadb:mariadb" },
	{ "a:pivotal_software:rabbitmq", "a:vmware:rabbitmq" },
	{ "a:rabbitmq:rabbitmq", "a:vmware:rabbitmq" },
	{ "a:broadcom:rabbitmq_server", "a:vmware:rabbitmq" },
	{ "a:docker:docker", "a:docker:engine" },
	{ "a:mobyproject:moby", "a:docker:engine" },
	{ "a:matt_johnston:dropbear_ssh_server", "a:dropbear_ssh_project:dropbear_ssh" },
	{ "a:squid:squid", "a:squid-cache:squid" },
	{ "a:mortbay:jetty", "a:eclipse:jetty" },
	{ "a:jetty:jetty", "a:eclipse:jetty" },
	{ "a:postgresql_global_development_group:postgresql", "a:postgresql:postgresql" },
	{ "a:university_of_cambridge:exim", "a:exim:exim" },
	{ "a:wietse_venema:postfix", "a:postfix:postfix" },
	{ "a:timo_sirainen:dovecot", "a:dovecot:dovecot" },
	{ "a:cloudbees:jenkins", "a:jenkins:jenkins" },
};

static bool is_certain(struct span attribute)
{
	return !cpe_is_any(attribute) && !cpe_is_none(attribute) && !cpe_has_wildcards(attribute);
}

bool cpe_write_product(const struct cpe_name *name, struct writer *out)
{
	size_t mark = writer_used(out);
	struct span written;

	if (!is_certain(name->attributes[CPE_VENDOR]) ||
	    !is_certain(name->attributes[CPE_PRODUCT]) || cpe_is_any(name->attributes[CPE_PART])) {
		return false;
	}
	writer_bytes(out, name->attributes[CPE_PART]);
	writer_u8(out, ':');
	cpe_write_quoted(name->attributes[CPE_VENDOR], out);
	writer_u8(out, ':');
	cpe_write_quoted(name->attributes[CPE_PRODUCT], out);
	if (!writer_ok(out)) {
		return false;
	}
	written = span_after(writer_span(out), mark);
	for (size_t i = 0; i < COUNT_OF(renamed); i++) {
		if (span_is(written, renamed[i][0])) {
			writer_rewind(out, mark);
			writer_text(out, renamed[i][1]);
			break;
		}
	}
	return writer_ok(out);
}
