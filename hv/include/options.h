/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot words, from the table hv/abi/options.def: hv_opt.symbol is the value. Words are compared whole; an unknown or
 * repeated word or a bad value is refused by name, the rest of the line still counts.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct hv_options {
#define OPT(sym, name, type, def, min, max, choices, text) uint32_t sym;
#include "hv/abi/options.def"
#undef OPT
};
extern struct hv_options hv_opt;

#define HV_OPTION_ERROR_BYTES 160
/* hv_options_parse() - sets defaults, then the words of @line; @report gets one message for each that is refused.
 * Returns the number refused. */
unsigned hv_options_parse(struct hv_options *opt, const char *line, void (*report)(const char *message));
