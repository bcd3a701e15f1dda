/*
 * versions_vectors_test.c - the schemes against files of vectors: the project's own, and
 * the public ones where they are there (BARTIZAN_SHARED_DATA, or ../shared/data).
 *
 * A line is "a < b", "a = b" or "a > b"; for apk also "a ~ b" and its like; a word alone
 * is a valid version, with a ! before it a malformed one. # and // begin comments.
 */
#include "base/attr.h"
#include "formats/split.h"
#include "formats/versions/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_SIZE_MAX (4 << 20)

struct vectors {
	const char *file;
	const char *scheme;
	unsigned contradicting; /* so many lines hold in no consistent order */
};

static const struct vectors own[] = {
	{ "dpkg.txt", "dpkg", 0 },
	{ "rpm.txt", "rpm", 0 },
	{ "apk.txt", "apk", 0 },
	{ "semver.txt", "semver", 0 },
	{ "go.txt", "go", 0 },
	{ "nuget.txt", "nuget", 0 },
	{ "pypi.txt", "pypi", 0 },
	{ "maven.txt", "maven", 0 },
	{ "rubygems.txt", "rubygems", 0 },
	{ "packagist.txt", "packagist", 0 },
	{ "cpe.txt", "cpe", 0 },
};

static const struct vectors shared[] = {
	{ "debian-versions.txt", "dpkg", 0 },
	{ "debian-versions-generated.txt", "dpkg", 0 },
	{ "redhat-versions.txt", "rpm", 0 },
	{ "alpine-versions.txt", "apk", 0 },
	{ "alpine-versions-generated.txt", "apk", 0 },
	{ "apk-version.data", "apk", 0 },
	{ "semver-versions.txt", "semver", 0 },
	{ "semver-versions.txt", "go", 0 },
	{ "nuget-versions.txt", "nuget", 0 },
	{ "pypi-versions.txt", "pypi", 0 },
	{ "pypi-versions-generated.txt", "pypi", 0 },
	{ "maven-versions.txt", "maven", 0 },
	/* .qualifier before -qualifier, and 2.9.0-1 < 2.9.0.RC1 < 2.9.0: Maven before MNG-7644 */
	{ "maven-versions-generated.txt", "maven", 20 },
	{ "rubygems-versions.txt", "rubygems", 0 },
	{ "rubygems-versions-generated.txt", "rubygems", 0 },
	/* 1.2.3.# = 1.2.3.1, where 1.2.3.# = 1.2.3 and 1.2.3 < 1.2.3.1; PHP itself says < */
	{ "packagist-versions.txt", "packagist", 1 },
	{ "packagist-versions-generated.txt", "packagist", 0 },
};

struct count {
	unsigned passed;
	unsigned failed;
};

static bool holds(const struct version_scheme *scheme, struct span a, struct span operator,
		  struct span b)
{
	int order = scheme->compare(a, b);
	int back = scheme->compare(b, a);

	if (span_find(operator, '~') < operator.len) {
		int fuzzy = version_apk_compare_prefix(a, b);

		return span_is(operator, "~")    ? fuzzy == 0
		       : span_is(operator, "<~") ? fuzzy <= 0
		       : span_is(operator, ">~") ? fuzzy >= 0
						 : fuzzy != 0;
	}
	return span_is(operator, "<")   ? order < 0 && back > 0
	       : span_is(operator, ">") ? order > 0 && back < 0
					: order == 0 && back == 0;
}

static void check_line(const struct version_scheme *scheme, const struct vectors *vectors,
		       struct span line, struct count *count)
{
	struct reader r = reader_over(line);
	struct span a;
	struct span operator;
	struct span b;
	bool is_good;

	if (!split_word(&r, &a) || span_starts_with(a, "#") || span_starts_with(a, "//")) {
		return;
	}
	if (split_word(&r, &operator) && split_word(&r, &b)) {
		is_good = holds(scheme, a, operator, b);
	} else if (span_starts_with(a, "!")) {
		is_good = !scheme->is_valid(span_after(a, 1));
	} else {
		is_good = scheme->is_valid(a);
	}
	if (is_good) {
		count->passed++;
	} else {
		count->failed++;
		printf("# %s: %.*s\n", vectors->file, (int)line.len, (const char *)line.ptr);
	}
}

static bool check_file(const char *folder, const struct vectors *vectors, unsigned number)
{
	const struct version_scheme *scheme = version_scheme_named(span_of(vectors->scheme));
	static uint8_t text[FILE_SIZE_MAX];
	struct count count = { 0 };
	struct reader lines;
	char path[4096];
	bool is_good;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, vectors->file);
	f = fopen(path, "rb");
	if (f == NULL || scheme == NULL) {
		printf("not ok %u - %s cannot be read\n", number, path);
		return false;
	}
	lines = reader_over((struct span){ text, fread(text, 1, sizeof text, f) });
	fclose(f);
	while (reader_left(&lines) > 0) {
		check_line(scheme, vectors, reader_line(&lines), &count);
	}
	is_good = count.passed > 0 && count.failed == vectors->contradicting;
	printf("%s %u - %s: %u lines of %s hold, %u do not (expected %u)\n",
	       is_good ? "ok" : "not ok", number, vectors->scheme, count.passed, vectors->file,
	       count.failed, vectors->contradicting);
	return is_good;
}

int main(void)
{
	const char *data = getenv("BARTIZAN_SHARED_DATA");
	char folder[2048];
	unsigned number = 0;
	bool is_good = true;

	snprintf(folder, sizeof folder, "%s/versions", data != NULL ? data : SHARED_DATA);
	printf("1..%zu\n", COUNT_OF(own) + COUNT_OF(shared));
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		is_good = check_file(VECTORS, &own[i], ++number) && is_good;
	}
	for (size_t i = 0; i < COUNT_OF(shared); i++) {
		if (access(folder, R_OK) != 0) {
			printf("ok %u # SKIP %s: the public vectors are not here "
			       "(BARTIZAN_SHARED_DATA names their folder)\n",
			       ++number, shared[i].file);
		} else {
			is_good = check_file(folder, &shared[i], ++number) && is_good;
		}
	}
	return is_good ? 0 : 1;
}
