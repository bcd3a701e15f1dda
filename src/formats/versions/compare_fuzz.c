/* compare_fuzz.c - three lines are three versions; every scheme must order them without a
 * contradiction. */
#include "base/reader.h"
#include "formats/fuzz.h"
#include "formats/versions/versions.h"

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* Reflexive, antisymmetric, transitive. */
static void check(const struct version_scheme *scheme, const struct span v[3])
{
	int order[3][3];

	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			order[i][j] = sign(scheme->compare(v[i], v[j]));
		}
	}
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			size_t k = (size_t)3 - i - j;

			if (order[i][j] != -order[j][i]) {
				__builtin_trap();
			}
			if (i != j && order[i][j] <= 0 && order[j][k] <= 0 &&
			    (order[i][k] > 0 || (order[i][k] == 0 && order[i][j] < 0))) {
				__builtin_trap();
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	struct span v[3];

	v[0] = reader_until(&r, '\n');
	v[1] = reader_until(&r, '\n');
	v[2] = reader_rest(&r);
	for (size_t i = 0; version_schemes[i] != NULL; i++) {
		check(version_schemes[i], v);
		(void)version_schemes[i]->is_valid(v[0]);
	}
	(void)version_apk_compare_prefix(v[0], v[1]);
	(void)version_cpe_without_update(v[0]);
	return 0;
}
