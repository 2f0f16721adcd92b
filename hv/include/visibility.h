/* SPDX-License-Identifier: Apache-2.0 */
/* Forced into every file: one image, nothing is preempted, so all data is addressed relative to RIP. */
#pragma GCC visibility push(hidden)
