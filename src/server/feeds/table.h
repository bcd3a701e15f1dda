/*
 * table.h - the feeds' structs, for table.c; each is in the file of its name.
 */
#pragma once

#include "server/feeds/feed.h"

extern const struct feed feed_debian;
extern const struct feed feed_alpine;
extern const struct feed feed_redhat;
extern const struct feed feed_kev;
extern const struct feed feed_epss;
extern const struct feed feed_recog;
extern const struct feed feed_nvd;

/* osv.c */
extern const struct feed feed_osv_debian;
extern const struct feed feed_osv_ubuntu;
extern const struct feed feed_osv_alpine;
extern const struct feed feed_osv_npm;
extern const struct feed feed_osv_pypi;
extern const struct feed feed_osv_crates;
extern const struct feed feed_osv_go;
extern const struct feed feed_osv_rubygems;
