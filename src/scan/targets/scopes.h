/*
 * scopes.h - what this person said they may scan: asked once, remembered in a file of theirs.
 */
#pragma once

#include "scan/targets/targets.h"

#define SCOPES_FILE_MAX (16u << 20)

/* "$XDG_CONFIG_HOME/bartizan/scopes", else "$HOME/.config/bartizan/scopes". ERR_NOT_FOUND where
 * neither is set. */
MUST_USE int scopes_path(char out[4096]);

/* What the file says; settled. No file: an empty set. ERR_MALFORMED with the line. */
MUST_USE int scopes_read(const char *path, struct targets **out, struct why *why);

/* Adds the ranges to the file, with the day on which it was said. */
MUST_USE int scopes_add(const char *path, const struct targets *scope, struct why *why);
