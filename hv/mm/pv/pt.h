/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables of PV guests. A guest builds its own tables out of its own frames; the processor uses them as they are.
 * So the hypervisor looks at each entry before it can take effect:
 *
 *   - an entry of level n+1 may only name a frame of the same domain that is (or now becomes, by checking all 512
 *     entries) a table of level n; an entry of level 1 only a frame of the same domain, and writable only if that frame
 *     is not a page table or the like. Each present entry holds a reference, and a type count where a type is needed.
 *   - a frame with a page-table type is never mapped writable, so entries change only through the functions here.
 *   - slots 256..271 of every L4 are the hypervisor's.
 *
 * What is stored is not quite what the guest asked for (tlb-global, after the patches of August and September 2006):
 * USER is added everywhere, since guest kernels run in ring 3 too. At level 1, an entry that the guest gave without
 * USER is marked HV_PTE_GUEST_KERNEL and stays non-global; one with USER becomes global. A kernel/user toggle then has
 * to drop only the kernel's translations, and a plain CR3 load does exactly that.
 *
 * All functions: caller holds d->pv.mm_lock. Errors are negative XEN_E*.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "hv/mm/mm.h"

struct vcpu;

#define HV_PTE_GUEST_KERNEL (UINT64_C(1) << 52)
#define HV_PT_ENTRIES       512u

void hv_pt_init(void); /* boot words */

/* hv_pt_get() - reference and type count at once, validating if need be; hv_pt_put() - both given up. */
int hv_pt_get(struct domain *d, uint64_t mfn, uint64_t type);
void hv_pt_put(struct domain *d, struct hv_page *p);
/* hv_pt_get_type() - the type count alone, for who holds a reference. */
int hv_pt_get_type(struct domain *d, struct hv_page *p, uint64_t type);
void hv_pt_put_type(struct domain *d, struct hv_page *p);

int hv_pt_pin(struct domain *d, uint64_t mfn, uint64_t type);
int hv_pt_unpin(struct domain *d, uint64_t mfn);

/* hv_pt_update() - mmu_update: the entry at machine address @ptr becomes @value; of a frame that is no table, any word
 * may be written. @preserve_ad: accessed and dirty bits stay set where they are. */
int hv_pt_update(struct domain *d, uint64_t ptr, uint64_t value, bool preserve_ad);
/* hv_pt_update_va() - the L1 entry that maps @va below @root_cr3 becomes @value. */
int hv_pt_update_va(struct domain *d, uint64_t root_cr3, uint64_t va, uint64_t value);

/* hv_pt_unpin_all() - of a dying domain whose vCPUs do not run: all pins go, so all tables are devalidated. */
void hv_pt_unpin_all(struct domain *d);
