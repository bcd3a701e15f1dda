/*
 * x509_roca.c - the mark of CVE-2017-15361 (Nemec, Sys, Svenda, Klinec, Matyas: "The Return of
 * Coppersmith's Attack", ACM CCS 2017, section 2.1).
 *
 * The faulty generator makes primes k * M + (65537^a mod M), M a product of the first primes. So a
 * modulus is, for each prime p that divides M, a power of 65537 modulo p. By chance that is so for
 * one random modulus of 2^30, with the primes below.
 */
#include "formats/x509_details.h"

#define GENERATOR 65537u

/* M for the smallest keys, 512 to 960 bits, is the product of the first 39 primes; greater ones
 * have these and more. */
#define PRIME_MAX 167

#define MODULUS_BYTES_MIN 32
#define MODULUS_BYTES_MAX 2048

static unsigned remainder_of(struct span number, unsigned prime)
{
	unsigned rest = 0;

	for (size_t i = 0; i < number.len; i++) {
		rest = (rest * 256 + number.ptr[i]) % prime;
	}
	return rest;
}

static bool is_prime(unsigned n)
{
	for (unsigned divisor = 2; divisor * divisor <= n; divisor++) {
		if (n % divisor == 0) {
			return false;
		}
	}
	return true;
}

static bool is_power_of_generator(unsigned value, unsigned prime)
{
	unsigned power = 1;

	do {
		if (power == value) {
			return true;
		}
		power = power * (GENERATOR % prime) % prime;
	} while (power != 1);
	return false;
}

bool x509_modulus_is_roca(struct span modulus)
{
	if (modulus.len < MODULUS_BYTES_MIN || modulus.len > MODULUS_BYTES_MAX) {
		return false;
	}
	for (unsigned prime = 3; prime <= PRIME_MAX; prime += 2) {
		if (is_prime(prime) &&
		    !is_power_of_generator(remainder_of(modulus, prime), prime)) {
			return false;
		}
	}
	return true;
}
