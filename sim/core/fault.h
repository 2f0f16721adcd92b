/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The third error channel: our own bug, or a hole in the model. (The other two: guest-visible events are returned
 * values; user errors are GError.) Both functions print one line with the context that the running core registered,
 * and leave with exit code 3. They never return and are never used for what a guest or a user can cause.
 */
#pragma once

/* sim_bug() - an invariant of the simulator does not hold. */
void sim_bug(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* sim_unmodelled() - the guest uses something that exists on silicon and is not modelled here; name it. */
void sim_unmodelled(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/*
 * sim_set_context() - register a function that prints where the machine stands (core, rip, cycle, scenario) for the
 * two functions above. @print: writes one line to stderr, may be NULL. @opaque: handed to it.
 */
void sim_set_context(void (*print)(void *opaque), void *opaque);
