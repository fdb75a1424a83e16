/* What every unit test includes: cmocka, with the headers that it wants before it. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A test that has the file's `setup` and `teardown` around it. */
#define UNIT(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
