/* packages.c - whatever package databases there are: dpkg, apk, rpm. */
#include "agent/collectors/packages.h"
#include "agent/collectors/table.h"

static int packages_collect(struct collection *c)
{
	int error = packages_collect_dpkg(c);

	if (error == 0) {
		error = packages_collect_apk(c);
	}
	return error != 0 ? error : packages_collect_rpm(c);
}

const struct collector collector_packages = {
	.name = "packages",
	.summary = "installed packages of dpkg, apk and rpm",
	.table = TABLE_PACKAGES,
	.collect = packages_collect,
};
