/* table.c - every feed, in the order in which they are digested. */
#include "server/feeds/table.h"

/* EPSS last: it keeps what the others speak of. */
const struct feed *const feeds[] = {
	&feed_debian,     &feed_osv_debian, &feed_osv_ubuntu,   &feed_alpine,
	&feed_osv_alpine, &feed_redhat,     &feed_osv_npm,      &feed_osv_pypi,
	&feed_osv_crates, &feed_osv_go,     &feed_osv_rubygems, &feed_kev,
	&feed_recog,      &feed_nvd,        &feed_epss,         NULL,
};

const struct feed *feed_named(struct span name)
{
	for (size_t i = 0; feeds[i] != NULL; i++) {
		if (span_is(name, feeds[i]->name)) {
			return feeds[i];
		}
	}
	return NULL;
}
