/*
 * attr.h - the compiler attributes this project uses, and no others.
 */
#pragma once

#define PRINTF(format_index, args_index) __attribute__((format(printf, format_index, args_index)))
#define MUST_USE                         __attribute__((warn_unused_result))

/* Scoped cleanup: free_fn takes the address of the variable and accepts an empty one. */
#define OWNED(free_fn) __attribute__((cleanup(free_fn)))

/* The number of elements of a true array. */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
