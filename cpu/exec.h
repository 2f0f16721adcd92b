/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations of every handler that insn.def names. Includable only from cpu/ and its tests. */
#pragma once
#include "cpu/decode.h"

/* A handler that serves several rows is declared several times, which C allows. */
#define INSN(id, form, handler, tclass, flags, title)        cpu_exec_fn handler;
#define INSN_FAMILY(id, form, handler, tclass, flags, title) extern cpu_exec_family handler;
#define INSN_COND(id, form, handler, tclass, flags, title)   extern cpu_exec_conds handler;
#include "cpu/insn.def"
