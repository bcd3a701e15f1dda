/* nothing.c - what storm.c executes: a program that ends at once. */
#include <unistd.h>

int main(void)
{
	_exit(0);
}
