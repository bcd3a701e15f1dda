/* inferred.c - a service's own word: who built it, what its name is, what that lets conclude. */
#include "server/services/inferred.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "formats/cpe_name.h"
#include "formats/versions/versions.h"

#define QUOTED_MAX     200
#define SYSTEM_CERTAIN 70 /* percent, of a scan's guess */

/* What a distribution's builds say of themselves, somewhere in a banner. */
static const struct {
	const char *mark;
	const char *distribution;
} marks[] = {
	{ "Debian", "Debian" },
	{ "Raspbian", "Raspbian" },
	{ "Ubuntu", "Ubuntu" },
	{ "ubuntu", "Ubuntu" },
	{ "+deb", "Debian" },
	{ "~deb", "Debian" },
	{ "~bpo", "Debian" },
	{ "Red Hat", "Red Hat" },
	{ "RedHat", "Red Hat" },
	{ "Red-Hat", "Red Hat" },
	{ "CentOS", "CentOS" },
	{ "AlmaLinux", "AlmaLinux" },
	{ "Rocky Linux", "Rocky Linux" },
	{ "Oracle Linux", "Oracle Linux" },
	{ ".el5", "Red Hat" },
	{ ".el6", "Red Hat" },
	{ ".el7", "Red Hat" },
	{ ".el8", "Red Hat" },
	{ ".el9", "Red Hat" },
	{ ".el10", "Red Hat" },
	{ ".amzn", "Amazon Linux" },
	{ "Amazon Linux", "Amazon Linux" },
	{ "Fedora", "Fedora" },
	{ "SUSE", "SUSE" },
	{ "Gentoo", "Gentoo" },
	{ "Mandriva", "Mandriva" },
	{ "Alpine", "Alpine" },
	{ "FreeBSD", "FreeBSD" },
	{ "NetBSD", "NetBSD" },
};

static const char *const windows_marks[] = { "(Win32)", "(Win64)", "Microsoft", "Windows" };

/* Products that distributions build, and mend in the version that they had. */
static const char *const backported[] = {
	"a:apache:http_server",
	"a:apache:subversion",
	"a:apache:tomcat",
	"a:apple:cups",
	"a:clamav:clamav",
	"a:cyrus:imap",
	"a:dovecot:dovecot",
	"a:dropbear_ssh_project:dropbear_ssh",
	"a:eclipse:jetty",
	"a:eclipse:mosquitto",
	"a:exim:exim",
	"a:f5:nginx",
	"a:haproxy:haproxy",
	"a:isc:bind",
	"a:isc:inn",
	"a:lighttpd:lighttpd",
	"a:mariadb:mariadb",
	"a:memcached:memcached",
	"a:net-snmp:net-snmp",
	"a:nlnetlabs:unbound",
	"a:ntp:ntp",
	"a:openbsd:openssh",
	"a:openldap:openldap",
	"a:openssl:openssl",
	"a:openvpn:openvpn",
	"a:oracle:mysql",
	"a:php:php",
	"a:postfix:postfix",
	"a:postgresql:postgresql",
	"a:proftpd:proftpd",
	"a:pureftpd:pure-ftpd",
	"a:redis:redis",
	"a:rsync_project:rsync",
	"a:samba:rsync",
	"a:samba:samba",
	"a:sendmail:sendmail",
	"a:squid-cache:squid",
	"a:thekelleys:dnsmasq",
	"a:tigervnc:tigervnc",
	"a:varnish-software:varnish_cache",
	"a:vmware:rabbitmq",
	"a:vsftpd_project:vsftpd",
	"a:x.org:x_server",
};

/* --- signs --- */

static bool holds(struct span text, const char *part)
{
	struct span wanted = span_of(part);

	for (size_t i = 0; i + wanted.len <= text.len; i++) {
		if (span_starts_with(span_after(text, i), part)) {
			return true;
		}
	}
	return false;
}

/* Who built what says this; NULL where it does not tell. */
static const char *builder_of(struct span text)
{
	for (size_t i = 0; i < COUNT_OF(marks); i++) {
		if (holds(text, marks[i].mark)) {
			return marks[i].distribution;
		}
	}
	return NULL;
}

static const char *builder_of_service(const struct row *service)
{
	static const unsigned columns[] = { NETWORK_SERVICES_BANNER, NETWORK_SERVICES_VERSION,
					    NETWORK_SERVICES_PRODUCT };
	const char *builder = NULL;

	for (size_t i = 0; builder == NULL && i < COUNT_OF(columns); i++) {
		builder = builder_of(subject_text(service, columns[i]));
	}
	return builder;
}

static void note_guess(const struct row *row, struct inferred_host *host)
{
	struct span guess = subject_text(row, SCANNED_HOSTS_SYSTEM);
	const struct value *confidence = &row->values[SCANNED_HOSTS_CONFIDENCE];

	if (guess.len == 0 || confidence->kind != VALUE_INTEGER ||
	    confidence->number < SYSTEM_CERTAIN) {
		return;
	}
	if (span_starts_with(guess, "Windows")) {
		host->is_windows = true;
	} else {
		host->is_not_windows = true;
	}
}

void inferred_note(const struct row *row, struct inferred_host *host)
{
	struct span banner;

	if (row->table->number == TABLE_SCANNED_HOSTS) {
		note_guess(row, host);
	}
	if (row->table->number != TABLE_NETWORK_SERVICES) {
		return;
	}
	banner = subject_text(row, NETWORK_SERVICES_BANNER);
	for (size_t i = 0; i < COUNT_OF(windows_marks); i++) {
		host->is_windows = host->is_windows || holds(banner, windows_marks[i]);
	}
	if (host->distribution == NULL) {
		host->distribution = builder_of_service(row);
	}
	host->is_not_windows = host->is_not_windows || host->distribution != NULL;
}

/* --- comparing --- */

/* A bound without an update speaks of the version alone: 9.2p1 is a 9.2, neither before nor behind
 * it. */
static int compare_with_bound(struct span version, struct span bound)
{
	if (version_cpe_without_update(bound).len == bound.len) {
		version = version_cpe_without_update(version);
	}
	return version_cpe_compare(version, bound);
}

/* "VERSION" with any update, "VERSION:UPDATE", "VERSION:-" without one, or a pattern. */
static bool is_listed(struct span listed, struct span version)
{
	size_t colon = span_find(listed, ':');
	struct span update = span_after(listed, colon + 1);
	uint8_t room[2 * CPE_ATTRIBUTE_MAX + 2];
	struct writer w = writer_over(room, sizeof room);

	if (cpe_has_wildcards(listed)) {
		return cpe_takes_in(listed, version);
	}
	listed = span_first(listed, colon);
	if (update.len == 0) {
		return compare_with_bound(version, listed) == 0 ||
		       version_cpe_compare(version, listed) == 0;
	}
	if (cpe_is_none(update)) {
		return version_cpe_compare(version, listed) == 0;
	}
	writer_bytes(&w, listed);
	if (update.ptr[0] >= '0' && update.ptr[0] <= '9') {
		writer_u8(&w, '-');
	}
	writer_bytes(&w, update);
	return writer_ok(&w) && version_cpe_compare(version, writer_span(&w)) == 0;
}

/* --- what it is judged by --- */

static bool is_backported(struct span package)
{
	for (size_t i = 0; i < COUNT_OF(backported); i++) {
		if (span_is(package, backported[i])) {
			return true;
		}
	}
	return false;
}

/* Which product of which version the name in CPE is. */
static bool take_product(struct span cpe, struct subject *s)
{
	struct writer package = writer_over(s->package_room, sizeof s->package_room);
	struct writer version = writer_over(s->version_room, sizeof s->version_room);
	struct cpe_name name;
	struct span update;

	if (cpe_name_read(cpe, &name) != 0 || !cpe_write_product(&name, &package) ||
	    cpe_is_any(name.attributes[CPE_VERSION]) || cpe_is_none(name.attributes[CPE_VERSION]) ||
	    cpe_has_wildcards(name.attributes[CPE_VERSION])) {
		return false;
	}
	update = name.attributes[CPE_UPDATE];
	cpe_write_plain(name.attributes[CPE_VERSION], &version);
	if (!cpe_is_any(update) && !cpe_is_none(update)) {
		cpe_write_plain(update, &version);
	}
	s->stream = span_of(INFERRED_STREAM);
	s->package = writer_span(&package);
	s->version = writer_span(&version);
	s->rule = "banner-cpe";
	s->compare = compare_with_bound;
	s->is_valid = version_cpe_is_valid;
	s->is_listed = is_listed;
	s->is_of_ecosystem = true;
	return writer_ok(&package) && writer_ok(&version) && version_cpe_is_valid(s->version);
}

bool inferred_of(const struct row *service, const struct inferred_host *host, struct inferred *out)
{
	struct subject *s = &out->subject;
	bool is_doubtful;

	mem_zero(out, sizeof *out);
	out->service = service;
	if (banner_package_of(subject_text(service, NETWORK_SERVICES_BANNER), &out->banner)) {
		out->is_package = true;
		banner_package_row(&out->banner, &out->package);
		return true;
	}
	if (!take_product(subject_text(service, NETWORK_SERVICES_CPE), s)) {
		return false;
	}
	is_doubtful = is_backported(s->package);
	if (builder_of_service(service) != NULL) {
		out->silence = "distribution-built";
	} else if (is_doubtful && host->distribution != NULL) {
		out->silence = "distribution-system";
	}
	s->is_windows = host->is_windows;
	s->is_not_windows = host->is_not_windows && !host->is_windows;
	s->confidence = CONFIDENCE_LIKELY;
	if (is_doubtful && !host->is_windows) {
		s->confidence = CONFIDENCE_POSSIBLE;
		s->doubt = "distributions mend it without a new version, and the system is not "
			   "known";
	}
	return true;
}

struct span inferred_stream(const struct inferred *inferred)
{
	return inferred->is_package ? span_of(inferred->banner.release.stream)
				    : inferred->subject.stream;
}

struct span inferred_package(const struct inferred *inferred)
{
	return inferred->is_package ? span_of(inferred->banner.source) : inferred->subject.package;
}

/* --- judging --- */

struct marking {
	judgement_taker *take;
	void *context;
	const char *silence;
};

/* What a banner says is likely at best; what is not judged is told so. */
static bool mark(void *context, const struct judgement *judgement)
{
	const struct marking *m = context;
	struct judgement marked = *judgement;

	if (marked.confidence == CONFIDENCE_CERTAIN) {
		marked.confidence = CONFIDENCE_LIKELY;
	}
	if (m->silence != NULL) {
		marked.status = JUDGEMENT_NOT_JUDGED;
		marked.rule = m->silence;
		marked.fixed_version = span_of(NULL);
	}
	return m->take(m->context, &marked);
}

void inferred_judge(const struct knowledge *knowledge, const struct inferred *inferred,
		    bool is_explaining, judgement_taker *take, void *context)
{
	struct marking m = { take, context, inferred->silence };

	if (inferred->silence != NULL && !is_explaining) {
		return;
	}
	if (inferred->is_package) {
		vulnerability_judge_package(knowledge, &inferred->banner.release,
					    &inferred->package, is_explaining, mark, &m);
	} else {
		vulnerability_judge_subject(knowledge, &inferred->subject, is_explaining, mark, &m);
	}
}

/* --- words --- */

static void write_range(const struct judgement *j, struct writer *w)
{
	const struct knowledge_range *range = &j->range;

	if (!j->has_range) {
		writer_text(w, "this very version");
		return;
	}
	if (range->introduced.len > 0) {
		writer_text(w, range->is_introduced_after ? "after " : "from ");
		writer_bytes(w, range->introduced);
	} else if (range->fixed.len > 0) {
		writer_text(w, "every version");
	}
	if (range->fixed.len > 0) {
		writer_text(w, range->is_last_affected ? " up to and with " : " before ");
		writer_bytes(w, range->fixed);
	}
}

static void write_advice(const struct judgement *j, struct writer *w)
{
	if (j->fixed_version.len > 0) {
		writer_text(w, ". Upgrade to ");
		writer_bytes(w, j->fixed_version);
		writer_text(w, " or later");
	} else {
		writer_text(w, ". No fixed version is named: ask its maker, or upgrade beyond the "
			       "range");
	}
	if (j->confidence == CONFIDENCE_POSSIBLE) {
		writer_text(w, ", or see on the machine which build it is");
	}
}

/* The banner, else what was made of it. */
static void write_said(const struct row *service, struct writer *w)
{
	struct span banner = subject_text(service, NETWORK_SERVICES_BANNER);

	writer_u8(w, '"');
	if (banner.len > 0) {
		text_write_utf8(w, span_first(banner, QUOTED_MAX), QUOTED_MAX);
	} else {
		text_write_utf8(w, subject_text(service, NETWORK_SERVICES_PRODUCT), QUOTED_MAX / 2);
		writer_u8(w, ' ');
		text_write_utf8(w, subject_text(service, NETWORK_SERVICES_VERSION), QUOTED_MAX / 2);
	}
	writer_u8(w, '"');
}

static void write_condition(const struct judgement *j, struct writer *w)
{
	if (j->doubt != NULL) {
		writer_text(w, "; possible only: ");
		writer_text(w, j->doubt);
	}
	if ((j->entry.flags & KNOWLEDGE_IS_CONDITIONAL) != 0 && j->entry.quote.len > 0) {
		writer_text(w, " (");
		writer_bytes(w, span_first(j->entry.quote, QUOTED_MAX));
		writer_text(w, ")");
	}
}

void inferred_explain(const struct inferred *inferred, const struct judgement *j,
		      struct inferred_words *out)
{
	const struct row *service = inferred->service;
	struct span address = span_first(subject_text(service, NETWORK_SERVICES_ADDRESS), 64);
	struct writer w = writer_over(out->evidence, sizeof out->evidence);

	snprintf(out->place, sizeof out->place, "inferred from the banner at %.*s port %lld",
		 (int)address.len, address.len > 0 ? (const char *)address.ptr : "",
		 (long long)service->values[NETWORK_SERVICES_PORT].number);
	writer_text(&w, "it says ");
	write_said(service, &w);
	if (inferred->is_package) {
		writer_text(&w, ", which is ");
		writer_text(&w, inferred->banner.source);
		writer_u8(&w, ' ');
		writer_text(&w, inferred->banner.version);
		writer_text(&w, " of ");
		writer_text(&w, inferred->banner.release.stream);
	} else {
		writer_text(&w, ", which is ");
		writer_bytes(&w,
			     span_first(subject_text(service, NETWORK_SERVICES_CPE), QUOTED_MAX));
		writer_text(&w, "; affected: ");
		write_range(j, &w);
		write_condition(j, &w);
		write_advice(j, &w);
	}
	out->evidence_len = writer_ok(&w) ? writer_used(&w) : 0;
}

static struct span product_of(const struct inferred *inferred)
{
	struct span product = subject_text(inferred->service, NETWORK_SERVICES_PRODUCT);
	struct span package = inferred->subject.package;

	return product.len > 0 ? product
			       : span_after(package, (size_t)(subject_find_last(package, ":") + 1));
}

void inferred_row(const struct inferred *inferred, const struct judgement *j,
		  const struct inferred_words *words, struct row *out)
{
	if (inferred->is_package) {
		vulnerability_row(j, &inferred->package, &inferred->banner.release,
				  EXPOSURE_NETWORK, out);
	} else {
		vulnerability_row_common(j, EXPOSURE_NETWORK, out);
		row_set_text(out, VULNERABILITIES_MANAGER, span_of(INFERRED_STREAM));
		row_set_text_if_any(out, VULNERABILITIES_PACKAGE, product_of(inferred));
		row_set_text_if_any(out, VULNERABILITIES_VERSION, inferred->subject.version);
		row_set_text_if_any(out, VULNERABILITIES_RELEASE, j->stream);
	}
	row_set_text(out, VULNERABILITIES_PATH, span_of(words->place));
	row_set_text_if_any(out, VULNERABILITIES_EVIDENCE,
			    (struct span){ words->evidence, words->evidence_len });
}
