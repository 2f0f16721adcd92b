/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLB flush clock: how the hypervisor knows that a CPU has flushed since a frame was last reachable, and so need
 * not be interrupted for it.
 *
 * Each full flush of a CPU ticks the clock first and stores the new time as the CPU's stamp afterwards. A frame takes
 * the clock's time as its stamp when its last use (type count) or the frame itself is given up. A CPU whose stamp is
 * later than the frame's has flushed in between. The order is the point:
 *   tick BEFORE the flush:  else a frame given up between flush and tick would carry a stamp older than the CPU's, and
 *                           a translation loaded between them would survive;
 *   stamp AFTER the flush:  else another CPU would trust a flush that has not happened yet.
 * The frame's stamp is read after a locked operation that follows the removal of the last translation in program order
 * (the count's compare-and-exchange), so no CPU can still walk to the old entry after having ticked past that stamp.
 *
 * A stamp of CPU or frame is exact only within one epoch. When the clock wraps to 0, the CPU that did it is the leader
 * of the next epoch: in a softirq it makes every CPU flush under the flush lock and then sets the clock to 1. While the
 * clock is 0 nobody ticks, and every CPU counts as "must flush". A frame's stamp beyond the clock is from before the
 * wrap, so everybody has flushed since.
 *
 * Which clock: boot word "flush-clock", see flush.c.
 */
#pragma once
#include <stdint.h>
#include "hv/include/cpumask.h"
#include "hv/include/static_branch.h"

#define HV_FLUSH_ALL UINT64_MAX /* instead of an address */

extern struct hv_static_key hv_key_tlb_global; /* boot word "tlb-global" is on */

void hv_flush_init(void); /* boot words; one CPU */

/* hv_flush_load_cr3() - loads @cr3 with tick, real flush (global entries too if guests may have them) and stamp. */
void hv_flush_load_cr3(uint64_t cr3);
/* hv_flush_local() - the same without a new CR3. hv_flush_one_local() - one page, does not tick. */
void hv_flush_local(void);
void hv_flush_one_local(uint64_t va);
/*
 * hv_flush_mask() - this CPU first if it is in @mask (always a full flush), then the others by IPI under the global
 * flush lock; returns when all have done so. @va: HV_FLUSH_ALL or one page. Interrupts must be on: the CPU waits for
 * others that may be waiting for it.
 */
void hv_flush_mask(struct hv_cpumask mask, uint64_t va);

/* hv_flush_now() - the stamp for a frame given up now that CPUs in @users may still translate to. */
uint32_t hv_flush_now(struct hv_cpumask users);
/* hv_flush_filter() - those of @mask that may not have flushed since @stamp. */
struct hv_cpumask hv_flush_filter(struct hv_cpumask mask, uint32_t stamp);
