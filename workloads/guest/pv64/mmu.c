/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables under Xen. A live tree is pinned: Xen has validated its pages, they are mapped read-only here, and an
 * entry changes only by hypercall. Trees are pinned late (when exec or fork has built them with plain stores) and
 * unpinned early (before exit takes them apart), as Linux does: the bulk of the entries then costs no hypercall each.
 *
 * User mode of a 64-bit PV guest runs on a root of its own that lacks the kernel half; both roots lead to the same
 * lower tables. So an entry of level 4 is written twice.
 *
 * Requests collect in one batch, in order. A batch that is nothing but one leaf of the loaded tree, with or without its
 * flush, is an update_va_mapping; one request is its hypercall; more are a multicall. A refused request is a bug here.
 */
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"
#include "kernel/pt.h"
#include "pv64/hypercall.h"

#define PTE_FRAME_MASK 0x000ffffffffff000ul
#define PTE_U          4ul
#define PTE_AD         0x60ul

static struct {
    unsigned nr_calls, nr_updates, nr_ext;
    uint64_t leaf_va; /* what the first request maps, if it is a leaf of the loaded tree */
    struct multicall_entry calls[32];
    struct mmu_update updates[128];
    struct mmuext_op ext[32];
} batch;

static struct pt *loaded;
static uint64_t loaded_fs, loaded_gs;

uint64_t plat_pte(unsigned long frame, unsigned flags)
{
    return (uint64_t)pv64_mfn(frame) << PAGE_SHIFT | PTE_P | PTE_AD | ((flags & PT_WRITE) ? PTE_W : 0) |
           ((flags & PT_USER) ? PTE_U : 0);
}

unsigned long plat_pte_frame(uint64_t pte)
{
    return pv64_pfn((pte & PTE_FRAME_MASK) >> PAGE_SHIFT);
}

/* ---- The batch ---- */

static bool is_one_leaf(uint64_t *flush)
{
    const struct mmuext_op *op = &batch.ext[0];

    if (!batch.leaf_va || batch.nr_updates != 1 || batch.nr_calls != 1 + batch.nr_ext || batch.nr_ext > 1)
        return false;
    *flush = batch.nr_ext ? UVMF_INVLPG | UVMF_LOCAL : UVMF_NONE;
    return !batch.nr_ext || (op->cmd == MMUEXT_INVLPG_LOCAL && op->arg1.linear_addr == batch.leaf_va);
}

static void check_results(void)
{
    for (unsigned i = 0; i < batch.nr_calls; i++)
        if ((long)batch.calls[i].result < 0)
            panic("hypercall %lu in batch: %ld", batch.calls[i].op, (long)batch.calls[i].result);
}

void plat_pt_commit(void)
{
    const struct multicall_entry *c = &batch.calls[0];
    uint64_t flush;
    long rc;

    if (!batch.nr_calls)
        return;
    if (is_one_leaf(&flush))
        rc = hv_update_va_mapping(batch.leaf_va, batch.updates[0].val, flush);
    else if (batch.nr_calls == 1)
        rc = hypercall5((unsigned)c->op, c->args[0], c->args[1], c->args[2], c->args[3], 0);
    else
        rc = hv_multicall(batch.calls, batch.nr_calls);
    if (rc < 0)
        panic("hypercall %lu: %ld", batch.nr_calls == 1 ? c->op : (unsigned long)__HYPERVISOR_multicall, rc);
    if (batch.nr_calls > 1 && batch.calls[0].op)
        check_results();
    batch.nr_calls = batch.nr_updates = batch.nr_ext = 0;
    batch.leaf_va = 0;
}

static struct multicall_entry *add_call(unsigned op)
{
    if (batch.nr_calls == ARRAY_SIZE(batch.calls))
        plat_pt_commit();
    struct multicall_entry *c = &batch.calls[batch.nr_calls++];
    c->op = op;
    c->result = 0;
    return c;
}

/* The last request, if it is of this kind and can take one more element. */
static struct multicall_entry *last_call(unsigned op)
{
    struct multicall_entry *c = batch.nr_calls ? &batch.calls[batch.nr_calls - 1] : NULL;

    return c && c->op == op ? c : NULL;
}

static struct multicall_entry *list_call(unsigned op, const void *element)
{
    struct multicall_entry *c = last_call(op);

    if (!c) {
        c = add_call(op);
        c->args[0] = HYPERCALL_PTR(element);
        c->args[1] = 0;
        c->args[2] = 0;
        c->args[3] = DOMID_SELF;
    }
    c->args[1]++;
    return c;
}

static void add_update(uint64_t *slot, uint64_t value)
{
    if (batch.nr_updates == ARRAY_SIZE(batch.updates) || batch.nr_calls == ARRAY_SIZE(batch.calls))
        plat_pt_commit();
    struct mmu_update *u = &batch.updates[batch.nr_updates++];
    u->ptr = pv64_machine_address(slot) | MMU_NORMAL_PT_UPDATE;
    u->val = value;
    list_call(__HYPERVISOR_mmu_update, u);
}

static void add_ext(unsigned cmd, uint64_t arg)
{
    if (batch.nr_ext == ARRAY_SIZE(batch.ext) || batch.nr_calls == ARRAY_SIZE(batch.calls))
        plat_pt_commit();
    struct mmuext_op *op = &batch.ext[batch.nr_ext++];
    *op = (struct mmuext_op){.cmd = cmd, .arg1.linear_addr = arg}; /* a union: mfn is as wide */
    list_call(__HYPERVISOR_mmuext_op, op);
}

/* Changes how the kernel's own mapping of a page allows to write it. */
static void add_protection(const void *page, bool is_writable)
{
    struct multicall_entry *c = add_call(__HYPERVISOR_update_va_mapping);

    c->args[0] = (uint64_t)page;
    c->args[1] =
        (uint64_t)pv64_mfn(page_frame(page)) << PAGE_SHIFT | (is_writable ? PV64_PTE_KERNEL : PV64_PTE_KERNEL_RO);
    c->args[2] = UVMF_INVLPG | UVMF_LOCAL;
}

/* ---- Entries ---- */

void plat_pt_write(struct pt *pt, unsigned level, uint64_t *slot, uint64_t va, uint64_t value)
{
    uint64_t *user_slot = level == 4 ? pt->user_root + (slot - pt->root) : NULL;

    if (!pt->is_live) {
        *slot = value;
        if (user_slot)
            *user_slot = value;
        return;
    }
    if (!batch.nr_calls && level == 1 && pt == loaded)
        batch.leaf_va = va;
    add_update(slot, value);
    if (user_slot)
        add_update(user_slot, value);
}

void plat_pt_flush_page(uint64_t va)
{
    add_ext(MMUEXT_INVLPG_LOCAL, va);
}

void plat_pt_flush_all(void)
{
    add_ext(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

void plat_pt_prepare_table(uint64_t *table)
{
    add_protection(table, false);
}

/* ---- Roots, pinning, loading ---- */

int plat_pt_new_roots(struct pt *pt)
{
    pt->root = page_alloc_zeroed();
    pt->user_root = pt->root ? page_alloc_zeroed() : NULL;
    if (!pt->user_root) {
        if (pt->root)
            page_free(pt->root);
        return -ENOMEM;
    }
    pt->is_live = false;
    pt->root[PT_ENTRIES - 1] = pv64_boot_root[PT_ENTRIES - 1]; /* all of the kernel is under one entry */
    return 0;
}

void plat_pt_free_roots(struct pt *pt)
{
    page_free(pt->root);
    page_free(pt->user_root);
}

static void protect_table(uint64_t *table, unsigned level, void *ctx)
{
    (void)level;
    add_protection(table, *(bool *)ctx);
}

static void protect_tree(const struct pt *pt, bool is_writable)
{
    pt_each_table(pt, protect_table, &is_writable);
    add_protection(pt->root, is_writable);
    add_protection(pt->user_root, is_writable);
}

void plat_pt_make_live(struct pt *pt)
{
    protect_tree(pt, false);
    add_ext(MMUEXT_PIN_L4_TABLE, pv64_mfn(page_frame(pt->root)));
    add_ext(MMUEXT_PIN_L4_TABLE, pv64_mfn(page_frame(pt->user_root)));
    plat_pt_commit();
    pt->is_live = true;
}

void plat_pt_make_dead(struct pt *pt)
{
    add_ext(MMUEXT_UNPIN_TABLE, pv64_mfn(page_frame(pt->user_root)));
    add_ext(MMUEXT_UNPIN_TABLE, pv64_mfn(page_frame(pt->root)));
    protect_tree(pt, true);
    plat_pt_commit();
    pt->is_live = false;
}

static void add_load(struct pt *pt)
{
    if (pt == loaded)
        return;
    add_ext(MMUEXT_NEW_BASEPTR, pv64_mfn(page_frame(pt ? pt->root : pv64_boot_root)));
    add_ext(MMUEXT_NEW_USER_BASEPTR, pt ? pv64_mfn(page_frame(pt->user_root)) : 0);
    loaded = pt;
}

void plat_load_pt(struct pt *pt)
{
    add_load(pt);
    plat_pt_commit();
}

static void add_set_fs(uint64_t base)
{
    if (base == loaded_fs)
        return;
    struct multicall_entry *c = add_call(__HYPERVISOR_set_segment_base);
    c->args[0] = SEGBASE_FS;
    c->args[1] = base;
    loaded_fs = base;
}

void plat_set_fs(uint64_t base)
{
    add_set_fs(base);
    plat_pt_commit();
}

static void add_set_gs(uint64_t base)
{
    if (base == loaded_gs)
        return;
    struct multicall_entry *c = add_call(__HYPERVISOR_set_segment_base);
    c->args[0] = SEGBASE_GS_USER;
    c->args[1] = base;
    loaded_gs = base;
}

void plat_set_gs(uint64_t base)
{
    add_set_gs(base);
    plat_pt_commit();
}

/* ---- x87 and SSE: programs of this personality have to do without (its benchmarks do) ---- */

uint32_t plat_hwcap(void)
{
    return 0;
}

void plat_fpu_fork(struct proc *child)
{
    (void)child;
}

void plat_fpu_reset(void)
{
}

bool plat_fpu_get(uint8_t *state)
{
    (void)state;
    return false;
}

void plat_fpu_set(uint8_t *state)
{
    (void)state;
}

/* ---- Processes ---- */

#define STACK_CANARY 0x57ac4ed0cafe1234ul /* at the lowest word of a kernel stack: it was not overrun */

void plat_switch(struct proc *prev, struct proc *next)
{
    static uint64_t boot_sp;

    if (prev && *(const uint64_t *)prev->kstack != STACK_CANARY)
        panic("kernel stack of process %d overrun", prev->pid);
    add_load(&next->mm->pt);
    add_set_fs(next->fs_base);
    add_set_gs(next->gs_base);
    struct multicall_entry *c = add_call(__HYPERVISOR_stack_switch);
    c->args[0] = FLAT_KERNEL_SS64;
    c->args[1] = (uint64_t)next->kstack + KSTACK_BYTES;
    plat_pt_commit();
    pv64_switch_stack(prev ? &prev->saved_sp : &boot_sp, next->saved_sp);
}

void plat_prepare(struct proc *p, const struct trap_frame *f)
{
    struct trap_frame *frame = (struct trap_frame *)((uintptr_t)p->kstack + KSTACK_BYTES) - 1;
    uint64_t *sp = (uint64_t *)frame;

    *frame = *f;
    *(uint64_t *)p->kstack = STACK_CANARY;
    *--sp = (uint64_t)pv64_first_return;
    for (unsigned i = 0; i < 6; i++) /* what pv64_switch_stack pops */
        *--sp = 0;
    p->saved_sp = (uint64_t)sp;
}

void plat_user_frame(struct trap_frame *f, uint64_t rip, uint64_t rsp)
{
    *f = (struct trap_frame){
        .rip = rip, .rsp = rsp, .cs = FLAT_USER_CS64, .ss = FLAT_USER_SS64, .rflags = 0x202 /* IF */};
}
