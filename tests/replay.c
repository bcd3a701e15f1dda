/*
 * replay.c - runs a fuzz target over its corpus, as an ordinary test.
 *
 * replay-NAME DIR: one TAP line a file of DIR. A crash or a sanitizer report
 * ends the program, which is how a regression shows.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[8 << 20];

static int replay(const char *dir, const char *name, int number)
{
	char path[4096];
	FILE *f;
	size_t len;
	uint8_t *exact;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		printf("not ok %d - %s cannot be read\n", number, name);
		return 1;
	}
	len = fread(input, 1, sizeof input, f);
	fclose(f);
	/* on the heap and of its exact size, so that a sanitizer sees the first byte too many */
	exact = malloc(len > 0 ? len : 1);
	if (exact == NULL) {
		return 1;
	}
	memcpy(exact, input, len);
	LLVMFuzzerTestOneInput(exact, len);
	/* and every truncation of the smaller ones */
	for (size_t cut = 0; cut < len && len <= 2048; cut++) {
		uint8_t *part = malloc(cut > 0 ? cut : 1);

		if (part == NULL) {
			return 1;
		}
		memcpy(part, input, cut);
		LLVMFuzzerTestOneInput(part, cut);
		free(part);
	}
	free(exact);
	printf("ok %d - %s\n", number, name);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	int number = 0;
	int failed = 0;

	if (count < 0) {
		fprintf(stderr, "usage: replay DIR (a folder of inputs)\n");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			failed += replay(argv[1], names[i]->d_name, ++number);
		}
		free(names[i]);
	}
	free(names);
	printf("1..%d\n", number);
	if (number == 0) {
		fprintf(stderr, "%s holds no input: the corpus is missing\n", argv[1]);
		return 1;
	}
	return failed > 0;
}
