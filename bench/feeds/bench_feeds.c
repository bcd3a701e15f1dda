/* bench_feeds.c - digests feeds' files into an index and searches it; prints one JSON object. */
#include "server/feeds/digest.h"
#include "sys/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define LOOKUPS 1000000

struct place {
	struct span stream;
	struct span package;
};

struct places {
	struct place *all;
	size_t count;
};

static bool keep(void *context, struct span stream, struct span package)
{
	struct places *p = context;

	p->all[p->count++] = (struct place){ stream, package };
	return true;
}

/* In an order that jumps, so that the caches help no more than they would. */
static double lookup_ns(const struct knowledge *k, struct places *p, uint64_t *found)
{
	int64_t start_us;
	uint64_t at = 1;

	knowledge_changed_places(NULL, k, keep, p);
	start_us = clock_cpu_us();
	for (size_t i = 0; i < LOOKUPS; i++) {
		const struct place *place;
		struct knowledge_entries entries;

		at = at * 6364136223846793005u + 1442695040888963407u;
		place = &p->all[(at >> 33) % p->count];
		entries = knowledge_package(k, place->stream, place->package);
		*found += entries.end - entries.next;
	}
	return (double)(clock_cpu_us() - start_us) * 1000 / LOOKUPS;
}

int main(int argc, char **argv)
{
	struct knowledge *k = NULL;
	struct knowledge_figures f;
	struct places places = { NULL, 0 };
	struct rusage usage;
	struct why why = { "" };
	uint64_t found = 0;
	int64_t start_us = clock_cpu_us();
	double digest_s;
	double ns = 0;

	if (feeds_digest((const char *const *)argv + 1, (size_t)argc - 1, &k, &why) != 0) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	digest_s = (double)(clock_cpu_us() - start_us) / 1e6;
	(void)getrusage(RUSAGE_SELF, &usage);
	f = knowledge_figures(k);
	places.all = calloc(f.packages + 1, sizeof *places.all);
	if (places.all != NULL && f.packages > 0) {
		ns = lookup_ns(k, &places, &found);
	}
	printf("{\"digest_s\": %.4f, \"peak_kb\": %ld, \"bytes\": %llu, \"entries\": %llu, "
	       "\"packages\": %llu, \"vulnerabilities\": %llu, \"lookup_ns\": %.1f, \"found\": "
	       "%llu}\n",
	       digest_s, usage.ru_maxrss, (unsigned long long)f.bytes,
	       (unsigned long long)f.entries, (unsigned long long)f.packages,
	       (unsigned long long)f.vulnerabilities, ns, (unsigned long long)found);
	free(places.all);
	knowledge_close(&k);
	return 0;
}
