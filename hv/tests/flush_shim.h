/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets hv/mm/flush.c run on the host: CPUs are a number, per-CPU data are arrays, and what the hardware does is told to
 * the test. Included before flush.c, which then finds the headers already read, with these names replaced.
 */
#pragma once
#include <stdint.h>
#include "hv/include/count.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/options.h"
#include "hv/include/printk.h"
#include "hv/include/sched.h"
#include "hv/include/softirq.h"
#include "hv/include/static_branch.h"
#include "hv/include/x86_insn.h"

extern unsigned shim_cpu;
extern uint64_t shim_filtered;
void shim_cr4(uint64_t value);
void shim_cr3(void);

#undef HV_COUNT
#define HV_COUNT(sym) ((void)(shim_filtered += HV_COUNTER_##sym == HV_COUNTER_flush_filtered))
#undef HV_PERCPU
#undef hv_this
#undef hv_per_cpu
#define HV_PERCPU(type, name) type name[HV_MAX_CPUS]
#define hv_this(name)         (name[shim_cpu])
#define hv_per_cpu(name, cpu) (name[cpu])
#define hv_cpu()              shim_cpu

#define hv_static_branch(key) ((key)->enabled)
#define hv_irq_save()         0ul
#define hv_irq_restore(flags) ((void)(flags))
#define hv_irqs_on()          true
#define hv_read_cr4()         ((uint64_t)X86_CR4_PGE)
#define hv_write_cr4(v)       shim_cr4(v)
#define hv_read_cr3()         0ul
#define hv_write_cr3(v)       ((void)(v), shim_cr3())
#define hv_invlpg(va)         ((void)(va))
