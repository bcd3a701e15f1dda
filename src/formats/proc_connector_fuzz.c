#include "formats/proc_connector.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_connector_event event;

	(void)!proc_connector_parse((struct span){ data, size }, &event);
	return 0;
}
