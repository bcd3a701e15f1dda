/* unpack_test.c - which of an image's files are unpacked. */
#include "cli/check/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/check/unpack_program.h"

static void what_collectors_read_is_wanted_and_nothing_else(void **state)
{
	static const char *const wanted[] = {
		"etc/os-release",
		"var/lib/dpkg/status",
		"var/lib/dpkg/status.d/base",
		"lib/apk/db/installed",
		"usr/lib/sysimage/rpm/rpmdb.sqlite",
		"usr/lib/sysimage/rpm/Packages.db",
		"usr/local/lib/python3.11/site-packages/requests-2.31.0.dist-info/METADATA",
		"opt/app/venv/lib/python3.11/site-packages/x.egg-info/PKG-INFO",
		"var/lib/gems/3.1.0/specifications/default/json-2.6.1.gemspec",
		"usr/lib/node_modules/npm/node_modules/ini/package.json",
		"usr/share/nodejs/semver/package.json",
		"root/.cargo/.crates.toml",
	};
	static const char *const unwanted[] = {
		"etc/shadow", "var/lib/dpkg/status-old",   "home/me/package.json",
		"usr/lib/x",  "usr/bin/deep/program",      "usr/share/doc/METADATA",
		"etc",        "xetc/os-release",           "usr/share/nodejs",
		"go/binary",  "usr/lib/node_modules/x.js",
	};
	bool is_program;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wanted); i++) {
		if (!unpack_wants(wanted[i], &is_program) || is_program) {
			fail_msg("%s is not wanted", wanted[i]);
		}
	}
	for (size_t i = 0; i < COUNT_OF(unwanted); i++) {
		if (unpack_wants(unwanted[i], &is_program)) {
			fail_msg("%s is wanted", unwanted[i]);
		}
	}
	assert_true(unpack_wants("usr/local/bin/tool", &is_program) && is_program);
	assert_true(unpack_wants("root/go/bin/tool", &is_program) && is_program);
	assert_false(unpack_wants("go/bin", &is_program));
}

static const uint8_t program[] = "\x7f"
				 "ELF....\xff Go\xff Go build\xff Go buildinf:....";

static void a_program_of_go_is_known_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= sizeof program; cut++) {
		struct unpack_program p = { 0 };

		unpack_program_add(&p, program, cut);
		assert_true(unpack_program_may_be(&p));
		unpack_program_add(&p, program + cut, sizeof program - cut);
		assert_true(unpack_program_is_go(&p));
	}
}

static void what_is_no_elf_or_has_no_mark_is_none(void **state)
{
	struct unpack_program script = { 0 };
	struct unpack_program other = { 0 };

	(void)state;
	unpack_program_add(&script, (const uint8_t *)"#!/bin/sh \xff Go buildinf:", 25);
	assert_false(unpack_program_may_be(&script));
	assert_false(unpack_program_is_go(&script));
	unpack_program_add(&other, program, 20);
	assert_true(unpack_program_may_be(&other));
	assert_false(unpack_program_is_go(&other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_collectors_read_is_wanted_and_nothing_else),
		cmocka_unit_test(a_program_of_go_is_known_however_it_is_cut),
		cmocka_unit_test(what_is_no_elf_or_has_no_mark_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
