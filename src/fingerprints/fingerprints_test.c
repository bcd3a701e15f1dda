#include "fingerprints/fingerprints.h"

#include "base/error.h"
#include "fingerprints/bundle.h"
#include "fingerprints/cpe.h"
#include "fingerprints/examples.h"
#include "fingerprints/library.h"
#include "formats/fixture.h"
#include "sys/alloc.h"
#include "sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "<fingerprints matches='t' protocol='TCP' preference='.5'>"
#define TAIL "</fingerprints>"

/* --- one fingerprint, tried --- */

struct trial {
	struct fingerprints *f;
	struct fingerprint_match m;
	bool is_match;
};

static struct fingerprints *library_of(const char *xml)
{
	struct fingerprints *f = library_new(LIBRARY_LINEAR);
	struct why why = { "" };

	if (library_add(f, span_of("t.xml"), span_of(xml), &why) != 0) {
		fail_msg("%s", why.text);
	}
	library_seal(f);
	return f;
}

static struct trial *try(const char *inner, struct span text)
{
	struct trial *t = alloc_zeroed(1, sizeof *t);
	char xml[16384];

	snprintf(xml, sizeof xml, HEAD "%s" TAIL, inner);
	t->f = library_of(xml);
	t->is_match = fingerprints_match(t->f, span_of("t"), text, &t->m);
	return t;
}

static struct trial *try_text(const char *inner, const char *text)
{
	return try(inner, span_of(text));
}

static void done(struct trial *t)
{
	fingerprints_free(&t->f);
	free(t);
}

static void assert_param(const struct trial *t, const char *name, const char *value)
{
	struct span got = fingerprint_param(&t->m, name);

	assert_true(t->is_match);
	assert_string_equal(fixture_text(got), value);
}

static void assert_no_param(const struct trial *t, const char *name)
{
	assert_true(t->is_match);
	assert_null(fingerprint_param(&t->m, name).ptr);
}

#define PATTERN(pattern) "<fingerprint pattern='" pattern "'><description>d</description>"
#define END              "<param pos='0' name='a' value='b'/></fingerprint>"

static void assert_matches(const char *inner, const char *text, bool wanted)
{
	struct trial *t = try_text(inner, text);

	if (t->is_match != wanted) {
		fail_msg("\"%s\" %s", text, wanted ? "does not match" : "matches");
	}
	done(t);
}

/* --- patterns --- */

static void anchors_mean_lines_as_in_ruby(void **state)
{
	(void)state;
	assert_matches(PATTERN("^two$") END, "one\ntwo\nthree", true);
	assert_matches(PATTERN("one.two") END, "one\ntwo", false);
	assert_matches("<fingerprint pattern='one.two' flags='REG_MULTILINE'>" END, "one\ntwo",
		       true);
	assert_matches("<fingerprint pattern='ONE.two' flags='REG_DOT_NEWLINE, REG_ICASE'>" END,
		       "one\nTWO", true);
	assert_matches(PATTERN("(?m)one.two") END, "one\ntwo", true);
	assert_matches(PATTERN("(?im)ONE.two") END, "one\ntwo", true);
	assert_matches(PATTERN("(?i)ONE two") END, "one Two", true);
	assert_matches(PATTERN("ONE two") END, "one Two", false);
}

static void a_dot_is_a_character_also_of_several_bytes(void **state)
{
	(void)state;
	assert_matches(PATTERN("^in . out$") END, "in \xc2\xb7 out", true);
	assert_matches(PATTERN("^in . out$") END, "in \xff out", true);
	assert_matches(PATTERN("^in [.] out$") END, "in \xc2\xb7 out", false);
	assert_matches(PATTERN("^in [].] out$") END, "in . out", true);
	assert_matches(PATTERN("^in \\. out$") END, "in x out", false);
	assert_matches(PATTERN("^nul\\u0000 \\u00fc$") END, "nul", false);
}

static void a_text_may_hold_any_byte(void **state)
{
	static const uint8_t bytes[] = "nul\0\xff"
				       "abc";
	struct trial *t =
		try(PATTERN("^nul\\u0000\\xff(\\w+)$") "<param pos='1' name='v'/></fingerprint>",
		    (struct span){ bytes, sizeof bytes - 1 });

	(void)state;
	assert_param(t, "v", "abc");
	done(t);
	assert_matches(PATTERN("^$") END, "", true);
}

/* What the automaton looks for is in every text that the pattern matches. */
static void no_pattern_is_passed_over(void **state)
{
	static const struct {
		const char *pattern;
		const char *text;
	} cases[] = {
		{ "abc?d", "abd" },
		{ "abc*d", "abd" },
		{ "abc+d", "abccd" },
		{ "abc{0,2}d", "abd" },
		{ "abc{2}d", "abccd" },
		{ "(?:abc)?def", "def" },
		{ "(?:abc|xyz)def", "xyzdef" },
		{ "(?:abc|)def", "def" },
		{ "abc|xyz", "xyz" },
		{ "abc|x?", "" },
		{ "ab(?=cd)c", "abcd" },
		{ "ab(?!cd)ef", "abef" },
		{ "(?&lt;name>ab)cd", "abcd" },
		{ "[Aa][Bb][Cc]", "aBc" },
		{ "[^a]bc", "xbc" },
		{ "[a-c]de", "bde" },
		{ "[]]bc", "]bc" },
		{ "\\x41\\x42\\.c", "AB.c" },
		{ "(?i)ABC", "abc" },
		{ "a\\bb|c d", "c d" },
		{ "(ab)\\1", "abab" },
		{ "x{", "x{" },
		{ "a{,3}b", "a{,3}b" },
		{ "((((ab))))", "ab" },
		{ "[[:alpha:]]bc", "xbc" },
		{ "(?#note)ab", "ab" },
		{ "(?i:AB)c", "abc" },
		{ "ab??c", "ac" },
		{ "ab*+c", "ac" },
		{ "^.+Server (\\S+).*OS (\\S+)$", "a Server b OS c" },
		{ "\\101b", "Ab" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char inner[400];

		snprintf(inner, sizeof inner, PATTERN("%s") END, cases[i].pattern);
		assert_matches(inner, cases[i].text, true);
	}
}

static void a_pattern_that_runs_away_is_given_up(void **state)
{
	char text[4097];
	struct trial *t;

	(void)state;
	memset(text, 'a', sizeof text);
	snprintf(text + sizeof text - 4, 4, "cbb");
	t = try_text(PATTERN("^(?:a|a?)+bb") END, text);
	assert_false(t->is_match);
	assert_int_equal(fingerprints_figures(t->f).given_up, 1);
	done(t);
}

/* 2^18 ways to be wrong: more steps than a pattern may take, though they would end. */
static void steps_are_counted(void **state)
{
	struct trial *t = try_text(PATTERN("^(?:\\w+\\d?)+$") END, "aaaaaaaaaaaaaaaaaa!");

	(void)state;
	assert_false(t->is_match);
	assert_int_equal(fingerprints_figures(t->f).given_up, 1);
	done(t);
}

static void assert_tried(const char *pattern, const char *text, unsigned candidates,
			 unsigned always)
{
	char inner[400];
	struct trial *t;

	snprintf(inner, sizeof inner, "<fingerprint pattern='%s'>" END, pattern);
	t = try_text(inner, text);
	assert_int_equal(fingerprints_figures(t->f).candidates, candidates);
	assert_int_equal(fingerprints_figures(t->f).always, always);
	done(t);
}

static void only_patterns_whose_literals_are_all_met_are_tried(void **state)
{
	(void)state;
	assert_tried("^alpha .* beta$", "alpha and gamma", 0, 0);
	assert_tried("^alpha .* beta$", "alpha and beta too", 1, 0);
	assert_tried("^(?:one|two|three) end$", "four end", 0, 0);
	assert_tried("ab?cd{2}ef", "nothing", 0, 0);
	assert_tried("^\\d+\\.\\d+$", "nothing", 1, 1);
	assert_tried("^$", "nothing", 1, 1);
}

static void a_text_is_looked_at_up_to_its_limit(void **state)
{
	char text[FINGERPRINTS_TEXT_MAX + 8];

	(void)state;
	memset(text, ' ', sizeof text);
	snprintf(text + FINGERPRINTS_TEXT_MAX - 3, 8, "end");
	assert_matches(PATTERN("end") END, text, true);
	memset(text, ' ', sizeof text);
	snprintf(text + FINGERPRINTS_TEXT_MAX - 2, 8, "end");
	assert_matches(PATTERN("end") END, text, false);
}

/* --- values --- */

static void names_in_braces_stand_for_other_parameters(void **state)
{
	static const char inner[] =
		"<fingerprint pattern='^(\\S+)/(\\d[\\d.]*)?'><description>d</description>"
		"<param pos='1' name='hw.model'/><param pos='2' name='service.version'/>"
		"<param pos='0' name='_tmp.family' value='F'/>"
		"<param pos='0' name='hw.product' value='The {hw.model}'/>"
		"<param pos='0' name='os.product' value='{hw.product} of {_tmp.family}'/>"
		"<param pos='0' name='os.cpe23' value='cpe:/o:v:p:{service.version}'/>"
		"<param pos='0' name='os.lost' value='x{service.version}'/>"
		"<param pos='0' name='os.loop' value='{os.loop}'/>"
		"<param pos='0' name='os.brace' value='{not a name} {'/></fingerprint>";
	struct trial *t = try_text(inner, "{os.product}/");

	(void)state;
	assert_param(t, "hw.model", "{os.product}"); /* a stranger's braces stay braces */
	assert_param(t, "hw.product", "The {os.product}");
	assert_param(t, "os.product", "The {os.product} of F");
	assert_param(t, "os.cpe23", "cpe:/o:v:p:-");
	assert_param(t, "os.brace", "{not a name} {");
	assert_no_param(t, "service.version");
	assert_no_param(t, "os.lost");
	assert_no_param(t, "os.loop");
	assert_no_param(t, "_tmp.family");
	done(t);
	t = try_text(inner, "m/2.1");
	assert_param(t, "os.cpe23", "cpe:/o:v:p:2.1");
	assert_param(t, "os.lost", "x2.1");
	done(t);
}

static void a_match_says_who_and_how_sure(void **state)
{
	struct trial *t = try_text("<fingerprint pattern='x' certainty='0.5'>"
				   "<description> a\n  b </description>"
				   "<param pos='0' name='os.certainty' value='.75'/></fingerprint>",
				   "x");

	(void)state;
	assert_string_equal(fixture_text(t->m.description), "a b");
	assert_string_equal(fixture_text(t->m.kind), "t");
	assert_int_equal(t->m.preference, 50);
	assert_int_equal(t->m.certainty, 50);
	assert_int_equal(t->m.os_certainty, 75);
	assert_param(t, "service.protocol", "tcp");
	done(t);
	t = try_text(
		PATTERN("x") "<param pos='0' name='service.protocol' value='mine'/></fingerprint>",
		"x");
	assert_int_equal(t->m.certainty, 85);
	assert_param(t, "service.protocol", "mine");
	done(t);
}

static void values_that_do_not_fit_are_left_out(void **state)
{
	char inner[8192] = PATTERN("^(.*)$");
	char text[FINGERPRINTS_TEXT_MAX + 1];
	struct trial *t;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		size_t len = strlen(inner);

		snprintf(inner + len, sizeof inner - len, "<param pos='1' name='p%u'/>", i);
	}
	snprintf(inner + strlen(inner), 20, "</fingerprint>");
	memset(text, 'v', sizeof text);
	text[sizeof text - 1] = '\0';
	t = try_text(inner, text);
	assert_true(t->is_match);
	assert_int_equal(t->m.param_count, FINGERPRINT_VALUES_SIZE / FINGERPRINTS_TEXT_MAX + 1);
	done(t);
}

/* --- order --- */

static void the_first_of_the_preferred_file_counts(void **state)
{
	struct fingerprints *f = library_new(LIBRARY_LINEAR);
	struct fingerprint_match *m = alloc_zeroed(1, sizeof *m);
	struct why why;
	size_t from = 0;

	(void)state;
	assert_int_equal(library_add(f, span_of("a.xml"),
				     span_of("<fingerprints matches='t' preference='0.1'>" PATTERN(
					     "x") END TAIL),
				     &why),
			 0);
	assert_int_equal(
		library_add(f, span_of("b.xml"),
			    span_of("<fingerprints matches='t' preference='0.9'>\n\n" PATTERN("x")
					    END "\n" PATTERN("x") END TAIL),
			    &why),
		0);
	library_seal(f);
	assert_true(fingerprints_match_next(f, span_of("t"), span_of("x"), &from, m));
	assert_int_equal(m->line, 3);
	assert_true(fingerprints_match_next(f, span_of("t"), span_of("x"), &from, m));
	assert_int_equal(m->line, 4);
	assert_true(fingerprints_match_next(f, span_of("t"), span_of("x"), &from, m));
	assert_int_equal(m->line, 1);
	assert_false(fingerprints_match_next(f, span_of("t"), span_of("x"), &from, m));
	assert_false(fingerprints_match(f, span_of("none"), span_of("x"), m));
	assert_true(fingerprints_knows(f, span_of("t")));
	assert_false(fingerprints_knows(f, span_of("u")));
	free(m);
	fingerprints_free(&f);
}

static void a_kind_that_is_not_named_is_the_files_name(void **state)
{
	struct fingerprints *f = library_new(LIBRARY_LINEAR);
	struct why why;

	(void)state;
	assert_int_equal(library_add(f, span_of("xml/telnet_banners.xml"),
				     span_of("<fingerprints>" PATTERN("x") END TAIL), &why),
			 0);
	library_seal(f);
	assert_true(fingerprints_knows(f, span_of("telnet_banners")));
	fingerprints_free(&f);
}

/* --- what is refused --- */

static void assert_refused(const char *xml, int error, const char *part)
{
	struct fingerprints *f = library_new(LIBRARY_LINEAR);
	struct why why = { "" };

	assert_int_equal(library_add(f, span_of("bad.xml"), span_of(xml), &why), error);
	if (strstr(why.text, part) == NULL || strstr(why.text, "bad.xml, line ") == NULL) {
		fail_msg("said \"%s\", not \"%s\"", why.text, part);
	}
	library_seal(f);
	fingerprints_free(&f);
}

static void a_broken_file_is_refused_and_says_where(void **state)
{
	(void)state;
	assert_refused("", ERR_MALFORMED, "no XML");
	assert_refused("<fingerprints", ERR_MALFORMED, "no XML");
	assert_refused(HEAD "<fingerprint pattern='x'>", ERR_MALFORMED, "no XML");
	assert_refused("<html/>", ERR_MALFORMED, "<html> has no place");
	assert_refused(HEAD "<param/>" TAIL, ERR_MALFORMED, "<param> has no place");
	assert_refused(HEAD "<fingerprint/>" TAIL, ERR_MALFORMED, "no pattern");
	assert_refused(HEAD PATTERN("x") "<param name='a'/></fingerprint>" TAIL, ERR_MALFORMED,
		       "a pos");
	assert_refused(HEAD PATTERN("x") "<param name='a' pos='-1'/></fingerprint>" TAIL,
		       ERR_MALFORMED, "a pos");
	assert_refused(HEAD "<fingerprint pattern='x' flags='REG_X'/>" TAIL, ERR_UNSUPPORTED,
		       "flag REG_X");
	assert_refused("<fingerprints preference='high'/>", ERR_MALFORMED, "preference");
	assert_refused(HEAD "<fingerprint pattern='x' certainty='2'/>" TAIL, ERR_MALFORMED,
		       "certainty");
	assert_refused("<!DOCTYPE x [<!ENTITY a 'b'>]>" HEAD TAIL, ERR_UNSUPPORTED, "DOCTYPE");
}

static void limits_are_kept(void **state)
{
	char *xml = alloc_zeroed(1, DOCUMENT_SIZE_MAX + 2);
	struct document d;
	struct why why;
	size_t len;

	(void)state;
	len = (size_t)snprintf(xml, 200, HEAD PATTERN("x"));
	for (unsigned i = 0; i <= DOCUMENT_PARAMS_MAX; i++) {
		len += (size_t)snprintf(xml + len, 100, "<param pos='0' name='n%u' value='v'/>", i);
	}
	snprintf(xml + len, 100, "</fingerprint>" TAIL);
	assert_refused(xml, ERR_LIMIT, "more than 31 params");
	len = (size_t)snprintf(xml, 200, HEAD "<fingerprint pattern='");
	memset(xml + len, 'x', DOCUMENT_PATTERN_MAX + 1);
	len += DOCUMENT_PATTERN_MAX + 1;
	snprintf(xml + len, 100, "'/>" TAIL);
	assert_refused(xml, ERR_LIMIT, "a pattern has more than");
	memset(xml, ' ', DOCUMENT_SIZE_MAX + 1);
	assert_int_equal(document_parse(span_of("big"), span_of(xml), false, &d, &why), ERR_LIMIT);
	free(xml);
}

static void parse_part(struct span part)
{
	struct document d;
	struct why why;

	assert_int_equal(document_parse(span_of("part"), part, true, &d, &why), ERR_MALFORMED);
}

static void every_truncation_of_a_file_is_refused(void **state)
{
	struct span good = span_trim(fixture("fingerprints-document/own"));

	(void)state;
	fixture_truncate(good, parse_part);
}

/* --- our own file: every construct --- */

static void fail_on(void *context, const struct document_fingerprint *f,
		    const struct document_example *e, const char *reason)
{
	(void)context;
	print_message("# line %u: %s\n", e != NULL ? e->line : f->line, reason);
}

static void our_own_examples_yield_what_they_state(void **state)
{
	struct examples_report r = { 0 };
	struct document d;
	struct why why = { "" };

	(void)state;
	assert_int_equal(document_parse(span_of("own.xml"), fixture("fingerprints-document/own"),
					true, &d, &why),
			 0);
	examples_check(&d, &r, fail_on, NULL);
	assert_int_equal(r.fingerprints, 9);
	assert_int_equal(r.broken, 0);
	assert_int_equal(r.wrong, 0);
	assert_int_equal(r.elsewhere, 1);
	assert_int_equal(r.right + r.elsewhere, r.examples);
	assert_true(r.right >= 14);
	document_done(&d);
}

static void wrong_examples_and_broken_patterns_are_told(void **state)
{
	struct examples_report r = { 0 };
	struct document d;
	struct why why = { "" };

	(void)state;
	assert_int_equal(document_parse(span_of("wrong.xml"),
					fixture("fingerprints-document/wrong"), true, &d, &why),
			 0);
	examples_check(&d, &r, NULL, NULL);
	assert_int_equal(r.broken, 2);
	assert_int_equal(r.examples, 3);
	assert_int_equal(r.wrong, 2);
	assert_int_equal(r.right, 1);
	document_done(&d);
}

/* --- opening --- */

static void write_file(const char *path, struct span bytes)
{
	struct why why = { "" };

	if (file_replace(path, bytes, 0600, &why) != 0) {
		fail_msg("%s", why.text);
	}
}

static void folders_files_and_bundles_are_opened_alike(void **state)
{
	char folder[] = "/tmp/bartizan-fingerprints-XXXXXX";
	char path[128];
	char bundle[128];
	struct span own = fixture("fingerprints-document/own");
	struct fingerprints *f = NULL;
	struct buffer b;
	struct why why = { "" };

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(fingerprints_open(folder, &f, &why), ERR_NOT_FOUND);
	snprintf(path, sizeof path, "%s/own.xml", folder);
	snprintf(bundle, sizeof bundle, "%s/bundle", folder);
	write_file(path, own);
	bundle_begin(&b);
	assert_int_equal(bundle_add(&b, span_of("own.xml"), own), 0);
	assert_int_equal(bundle_end(&b), 0);
	write_file(bundle, buffer_span(&b));
	for (size_t i = 0; i < 3; i++) {
		const char *paths[] = { folder, path, bundle };

		assert_int_equal(fingerprints_open(paths[i], &f, &why), 0);
		assert_int_equal(fingerprints_figures(f).fingerprints, 9);
		assert_true(fingerprints_knows(f, span_of("demo.banner")));
		fingerprints_free(&f);
	}
	b.bytes[b.len / 2] ^= 1;
	write_file(bundle, buffer_span(&b));
	assert_int_equal(fingerprints_open(bundle, &f, &why), ERR_MALFORMED);
	assert_int_equal(fingerprints_open("/nowhere", &f, &why), ERR_NOT_FOUND);
	buffer_done(&b);
	unlink(path);
	unlink(bundle);
	rmdir(folder);
}

static void what_is_named_is_not_sought_elsewhere(void **state)
{
	struct fingerprints *f = NULL;
	struct why why = { "" };

	(void)state;
	assert_int_equal(fingerprints_open_default("/nowhere", NULL, &f, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "/nowhere"));
	assert_int_equal(setenv("BARTIZAN_FINGERPRINTS", "/nowhere/too", 1), 0);
	assert_int_equal(fingerprints_open_default(NULL, NULL, &f, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "/nowhere/too"));
	assert_int_equal(unsetenv("BARTIZAN_FINGERPRINTS"), 0);
}

/* --- CPE --- */

static void assert_cpe(const char *uri, const char *wanted)
{
	uint8_t room[256];
	struct writer w = writer_over(room, sizeof room);
	int error = cpe_from_uri(span_of(uri), &w);

	assert_int_equal(error, wanted == NULL ? ERR_MALFORMED : 0);
	assert_string_equal(fixture_text(writer_span(&w)), wanted == NULL ? "" : wanted);
}

static void uris_become_formatted_strings(void **state)
{
	uint8_t room[20];
	struct writer w = writer_over(room, sizeof room);

	(void)state;
	assert_cpe("cpe:/a:openbsd:openssh:9.2p1", "cpe:2.3:a:openbsd:openssh:9.2p1:*:*:*:*:*:*:*");
	assert_cpe("cpe:/o:hp:ilo:-", "cpe:2.3:o:hp:ilo:-:*:*:*:*:*:*:*");
	assert_cpe("cpe:/o:linux:linux_kernel", "cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*");
	assert_cpe("cpe:/a:v:p:1.0+deb*12~1", "cpe:2.3:a:v:p:1.0\\+deb\\*12\\~1:*:*:*:*:*:*:*");
	assert_cpe("cpe:/a:v:p%21:Two Words", "cpe:2.3:a:v:p\\!:two_words:*:*:*:*:*:*:*");
	assert_cpe("cpe:/a:v:p:1:sp2::en", "cpe:2.3:a:v:p:1:sp2:*:en:*:*:*:*");
	assert_cpe("cpe:2.3:a:v:p:*:*:*:*:*:*:*:*", "cpe:2.3:a:v:p:*:*:*:*:*:*:*:*");
	assert_cpe("cpe:/x:v:p", NULL);
	assert_cpe("cpe:/a:v", NULL);
	assert_cpe("cpe:/a:1:2:3:4:5:6:7:8", NULL);
	assert_cpe("cpe:/a:v:p:\x01", NULL);
	assert_cpe("openssh", NULL);
	assert_int_equal(cpe_from_uri(span_of("cpe:/a:openbsd:openssh:9"), &w), ERR_FULL);
	assert_int_equal(writer_used(&w), 0);
}

static void a_match_without_a_cpe_gets_none(void **state)
{
	uint8_t room[256];
	struct writer w = writer_over(room, sizeof room);
	struct trial *t =
		try_text(PATTERN("x (\\d)") "<param pos='1' name='service.version'/>"
					    "<param pos='0' name='service.product' value='p'/>"
					    "<param pos='0' name='os.cpe23' "
					    "value='cpe:/o:v:p:{service.version}'/>"
					    "</fingerprint>",
			 "x 7");

	(void)state;
	assert_int_equal(cpe_of_match(&t->m, "service", &w), ERR_NOT_FOUND);
	assert_int_equal(cpe_of_match(&t->m, "os", &w), 0);
	assert_string_equal(fixture_text(writer_span(&w)), "cpe:2.3:o:v:p:7:*:*:*:*:*:*:*");
	done(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anchors_mean_lines_as_in_ruby),
		cmocka_unit_test(a_dot_is_a_character_also_of_several_bytes),
		cmocka_unit_test(a_text_may_hold_any_byte),
		cmocka_unit_test(no_pattern_is_passed_over),
		cmocka_unit_test(a_pattern_that_runs_away_is_given_up),
		cmocka_unit_test(steps_are_counted),
		cmocka_unit_test(only_patterns_whose_literals_are_all_met_are_tried),
		cmocka_unit_test(a_text_is_looked_at_up_to_its_limit),
		cmocka_unit_test(names_in_braces_stand_for_other_parameters),
		cmocka_unit_test(a_match_says_who_and_how_sure),
		cmocka_unit_test(values_that_do_not_fit_are_left_out),
		cmocka_unit_test(the_first_of_the_preferred_file_counts),
		cmocka_unit_test(a_kind_that_is_not_named_is_the_files_name),
		cmocka_unit_test(a_broken_file_is_refused_and_says_where),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(every_truncation_of_a_file_is_refused),
		cmocka_unit_test(our_own_examples_yield_what_they_state),
		cmocka_unit_test(wrong_examples_and_broken_patterns_are_told),
		cmocka_unit_test(folders_files_and_bundles_are_opened_alike),
		cmocka_unit_test(what_is_named_is_not_sought_elsewhere),
		cmocka_unit_test(uris_become_formatted_strings),
		cmocka_unit_test(a_match_without_a_cpe_gets_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
