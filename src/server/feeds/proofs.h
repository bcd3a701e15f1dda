/*
 * proofs.h - the feeds role's side of proving scopes: takes what the engine asks for, has one child
 * at a time look (prove.h), and sends what it wrote down, unread.
 */
#pragma once

#include "base/span.h"
#include "server/bus/arguments.h"
#include "server/bus/bus.h"
#include "server/feeds/prove.h"

struct proofs;

struct proofs *proofs_new(struct loop *loop, const struct prove_config *config, bool is_offline);
void proofs_free(struct proofs **proofs);

/* "scope-look" attempt, scope, method: answered with BUS_SCOPE_LOOKED over this link, now or
 * later, once. */
void proofs_take(struct proofs *proofs, struct bus_link *bus, const struct arguments *arguments);

/* The link is gone: its attempts, too. */
void proofs_forget(struct proofs *proofs);
