/*
 * sink.c - drops every frame that comes in at an interface, in its driver, until standard input
 *ends.
 *
 *	bench-sink INTERFACE
 *
 * The same for every sender; the interface's own statistics count what came.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/bpf.h"

int main(int argc, char **argv)
{
	const struct bpf_insn drop[] = { INSN_SET(BPF_REG_0, 1), INSN_EXIT }; /* XDP_DROP */
	int program_fd = bpf_load(BPF_PROG_TYPE_XDP, drop, COUNT_OF(drop), "GPL");
	char byte;

	if (argc != 2 || program_fd < 0 ||
	    bpf_attach_xdp(program_fd, if_nametoindex(argv[1]), false) < 0) {
		fprintf(stderr, "bench-sink: %s\n", strerror(errno));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0) {
	}
	return 0;
}
