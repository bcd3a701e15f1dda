/*
 * secret.h - forgetting what must not stay in memory.
 */
#pragma once

#include "base/span.h"

/* Overwrites the bytes, whoever owns them, in a way that the compiler keeps. Empty is fine. */
void secret_wipe(struct span bytes);
