/* rules.c - what a rule says, for those who ask why. */
#include "server/services/rules.h"

#include <string.h>

const struct rule rules[] = {
	/* which package and version are compared */
	{ "source", "a binary package is judged by its source package and that one's version" },
	{ "binary", "the package states no source, so its own name and version are its source's" },
	{ "bin-nmu",
	  "+bN at the end of a version is a rebuild of the same source and is taken off" },
	{ "signed", "what was only signed anew is judged as what was signed" },
	{ "backport",
	  "a backport is a newer release's version: it is judged without its ~bpo suffix "
	  "by what is said of unstable" },
	{ "rpm-epoch",
	  "a source rpm's name lacks its epoch: the binary's counts, since version and "
	  "release are the same" },
	{ "rpm-no-epoch",
	  "the package does not tell its source's epoch, so no epoch counts on either "
	  "side" },
	{ "rpm-module",
	  "judged by the stream of the module that it was installed from, and by no other" },
	{ "rpm-module-rebuilt", "judged by the stream of the module that it was installed from; it "
				"is not Red Hat's build, "
				"so the number of the build is not compared" },
	{ "ecosystem", "a language's package is judged by its own name and version" },
	{ "banner-cpe",
	  "a scanned service is judged by the product and version that its banner names, as CPE "
	  "names them" },
	{ "pypi-name", "names of PyPI are compared in their normal form" },
	/* what decides */
	{ "fixable", "the installed version is before the fixed one" },
	{ "fixed", "the installed version is at or past the fixed one" },
	{ "open", "it is affected, and there is neither a fix nor a decision yet" },
	{ "no-dsa",
	  "it is affected and has no fix; the distribution takes it for minor and issues no "
	  "advisory" },
	{ "postponed",
	  "it is affected and has no fix; it will be mended along with something else" },
	{ "ignored", "it is affected; the distribution takes it for minor and will not mend it" },
	{ "unimportant", "the distribution takes it for no security matter" },
	{ "undetermined", "nobody knows yet whether it is affected" },
	{ "end-of-life", "the package is no longer looked after in this release" },
	{ "will-not-fix", "the vendor says that it will not be fixed" },
	{ "not-affected", "this release's package never was affected" },
	{ "before-introduced", "the installed version is older than the flaw" },
	{ "last-affected", "it is within the affected versions, and no fixed one is named" },
	{ "listed-version", "the advisory names this very version" },
	{ "not-listed", "the advisory lists versions, and this is none of them" },
	{ "malformed-version",
	  "the version has no place in its ecosystem's order, and the advisory "
	  "does not list it" },
	{ "removed", "the package was removed, only its configuration is left" },
	{ "distribution-installed",
	  "the distribution installed this package: its own feed knows the "
	  "fixes that it carried back" },
	{ "other-system", "it is so on Windows only, and this is another system" },
	{ "distribution-built",
	  "the banner says that a distribution built it, which mends flaws without a new version: "
	  "only a banner that names its package exactly can be judged" },
	{ "distribution-system",
	  "the machine runs a distribution that builds this itself and mends flaws without a new "
	  "version" },
	{ "passed-over",
	  "another entry on the same vulnerability decided: a distribution's own feed "
	  "goes before a copy of it, one that says more before one that says less, the "
	  "nearest line of versions before others" },
	{ NULL, NULL },
};

const char *rule_sentence(const char *rule)
{
	for (size_t i = 0; rule != NULL && rules[i].name != NULL; i++) {
		if (strcmp(rules[i].name, rule) == 0) {
			return rules[i].sentence;
		}
	}
	return "";
}
