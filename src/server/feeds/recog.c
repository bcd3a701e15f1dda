/*
 * recog.c - Recog's fingerprints (BSD-2-Clause, Rapid7): what scanned services are identified by.
 *
 * Published as recog-content-VERSION.zip with each release (github.com/rapid7/recog/releases; its
 * Jenkinsfile makes it with `zip -r recog-content-VERSION.zip xml`), a name that no address stands
 * for without knowing the version; so the branch's archive is fetched, which has the same files in
 * recog-main/xml. Files must be whole, patterns compile and examples yield what they state: beyond
 * FEED_ODD_SHARE that do not, or with one file that cannot be read, all of it is refused.
 */
#include <stdio.h>

#include "base/error.h"
#include "fingerprints/bundle.h"
#include "fingerprints/examples.h"
#include "server/feeds/digest.h"
#include "server/feeds/table.h"
#include "sys/file.h"

struct odd {
	struct feed_report *report;
	const struct document *document;
};

static void note_odd(void *context, const struct document_fingerprint *f,
		     const struct document_example *e, const char *reason)
{
	const struct odd *odd = context;

	if (odd->report->odd++ == 0) {
		snprintf(odd->report->odd_example, sizeof odd->report->odd_example,
			 "%.60s, line %u: %.100s", (const char *)odd->document->name.ptr,
			 e != NULL ? e->line : f->line, reason);
	}
}

static struct span last_of(struct span path)
{
	size_t slash;

	while ((slash = span_find(path, '/')) < path.len) {
		path = span_after(path, slash + 1);
	}
	return path;
}

/* An import numbers its files: "000012-ssh_banners.xml". */
static struct span without_number(struct span name)
{
	size_t digits = 0;

	while (digits < name.len && name.ptr[digits] >= '0' && name.ptr[digits] <= '9') {
		digits++;
	}
	return digits == 6 && digits < name.len && name.ptr[digits] == '-'
		       ? span_after(name, digits + 1)
		       : name;
}

/* "FILE, MEMBER" is how digest.c names a document; the kind is sometimes the file's name. */
static int parse(struct feed_input *in)
{
	struct span name = without_number(last_of(span_of(in->name)));
	struct examples_report checked = { 0 };
	struct document d;
	struct odd odd = { in->report, &d };
	int error;

	if (!document_is_recog(in->bytes)) {
		in->report->passed_over++; /* a licence, a schema beside the files */
		return 0;
	}
	error = document_parse(name, in->bytes, true, &d, in->why);
	if (error != 0) {
		return error;
	}
	examples_check(&d, &checked, note_odd, &odd);
	in->report->records += checked.fingerprints - checked.broken;
	document_done(&d);
	if (in->product != NULL && bundle_add(in->product, name, in->bytes) != 0) {
		return why_set(in->why, ERR_LIMIT, "there is more of it than %u bytes",
			       BUNDLE_SIZE_MAX);
	}
	return 0;
}

static bool recognise(const struct feed *feed, struct span bytes)
{
	(void)feed;
	return bytes.len > 0 && document_is_recog(bytes);
}

/* xml/NAME.xml at any depth, or NAME.xml: the repository has others, made to be wrong. */
static bool is_document(struct span name)
{
	struct span file = last_of(name);
	struct span folder = span_first(name, name.len - file.len);

	return span_ends_with(file, ".xml") &&
	       (folder.len == 0 || span_is(folder, "xml/") || span_ends_with(folder, "/xml/"));
}

static const struct feed_part parts[] = {
	{ "recog.zip", "https://github.com/rapid7/recog/archive/refs/heads/main.zip" },
	{ NULL, NULL },
};

const struct feed feed_recog = {
	.name = "recog",
	.summary = "Recog: what banners say of products and systems, for scanned services",
	.parts = parts,
	.is_automatic = true,
	.interval_s = INT64_C(7) * 24 * 3600,
	.size_max = UINT64_C(64) << 20,
	.recognise = recognise,
	.parse = parse,
	.is_document = is_document,
	.product = FINGERPRINTS_PATH,
	.begin_product = bundle_begin,
	.end_product = bundle_end,
};
