/* First byte even: a text for our own fingerprints, and whatever matches is written out. Odd: a
 * pattern, NUL, a text; whatever PCRE2 matches, the automaton must have named. */
#include "fingerprints/cpe.h"
#include "fingerprints/engine.h"
#include "fingerprints/library.h"
#include "fingerprints/pattern.h"
#include "formats/fuzz.h"

#include <stdlib.h>

static const char own[] =
	"<fingerprints matches='k' protocol='p'>"
	"<fingerprint pattern='^220 Lighthouse/([\\d.]+) "
	"\\(([^)]+)\\)$'><description>a</description>"
	"<param pos='1' name='service.version'/><param pos='2' name='os.product'/>"
	"<param pos='0' name='service.cpe23' value='cpe:/a:v:p:{service.version}:{os.product}'/>"
	"</fingerprint>"
	"<fingerprint pattern='(?im)^(\\S*) *first(.*)second'><description>b</description>"
	"<param pos='1' name='a'/><param pos='2' name='b'/>"
	"<param pos='0' name='c' value='{a}{b}{a}{d}'/><param pos='0' name='d' value='{c}{a}'/>"
	"<param pos='0' name='os.cpe23' value='cpe:/{a}'/></fingerprint></fingerprints>";

static void match_own(struct span text)
{
	struct fingerprints *f = library_new(LIBRARY_LINEAR);
	static struct fingerprint_match m;
	uint8_t room[200];
	struct writer w = writer_over(room, sizeof room);
	struct why why;
	size_t from = 0;

	if (library_add(f, span_of("own"), span_of(own), &why) != 0) {
		abort();
	}
	library_seal(f);
	while (fingerprints_match_next(f, span_of("k"), text, &from, &m)) {
		for (size_t i = 0; i < m.param_count; i++) {
			fuzz_touch(m.params[i].name);
			fuzz_touch(m.params[i].value);
		}
		(void)!cpe_of_match(&m, "service", &w);
		(void)!cpe_of_match(&m, "os", &w);
	}
	fingerprints_free(&f);
}

static void compare(struct span pattern, struct span text)
{
	struct document_fingerprint fingerprint = { .pattern = pattern };
	struct arena arena = { NULL, 0 };
	struct pattern_matcher *matcher = pattern_matcher_new();
	static struct literals_needs needs;
	struct pattern p;
	struct engine *e;
	uint64_t word = 0;

	pattern_init(&fingerprint, &arena, &p);
	literals_needed(span_of(p.text), &needs);
	e = engine_build(&needs, 1);
	engine_candidates(e, text, &word);
	if (pattern_try(matcher, &p, text) == PATTERN_YES && word == 0) {
		abort(); /* passed over */
	}
	engine_free(&e);
	pattern_done(&p);
	pattern_matcher_free(&matcher);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_after((struct span){ data, size }, 1);
	size_t end = span_find(bytes, 0);

	if (size == 0 || data[0] % 2 == 0) {
		match_own(bytes);
	} else {
		compare(span_first(bytes, end < 512 ? end : 512), span_after(bytes, end + 1));
	}
	return 0;
}
