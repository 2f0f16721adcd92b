/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page tables on bare hardware: an entry is a store, a flush is an instruction, nothing queues. Accessed and dirty are
 * set beforehand, so that no walk has to write the table. Kernel pages are global and the same in every tree, so a tree
 * is live and dead at no cost, and reloading CR3 drops the user's translations only.
 */
#include "hv/abi/marker.h"
#include "kernel/layout.h"
#include "kernel/lib.h"
#include "kernel/page.h"
#include "kernel/proc.h"
#include "native/native.h"

#define PTE_FRAME_MASK 0x000ffffffffff000ul
#define PTE_U          4ul
#define PTE_AD         0x60ul

static uint64_t loaded_root;

uint64_t plat_pte(unsigned long frame, unsigned flags)
{
    return frame << PAGE_SHIFT | PTE_P | PTE_AD | ((flags & PT_WRITE) ? PTE_W : 0) | ((flags & PT_USER) ? PTE_U : 0);
}

unsigned long plat_pte_frame(uint64_t pte)
{
    return (pte & PTE_FRAME_MASK) >> PAGE_SHIFT;
}

int plat_pt_new_roots(struct pt *pt)
{
    pt->root = page_alloc_zeroed();
    pt->user_root = NULL;
    pt->is_live = false;
    if (!pt->root)
        return -ENOMEM;
    pt->root[PT_ENTRIES - 1] = native_boot_root[PT_ENTRIES - 1];
    return 0;
}

void plat_pt_free_roots(struct pt *pt)
{
    page_free(pt->root);
}

void plat_pt_prepare_table(uint64_t *table)
{
    (void)table;
}

void plat_pt_write(struct pt *pt, unsigned level, uint64_t *slot, uint64_t va, uint64_t value)
{
    (void)pt;
    (void)level;
    (void)va;
    *(volatile uint64_t *)slot = value;
}

void plat_pt_flush_page(uint64_t va)
{
    __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static void write_cr3(uint64_t root)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(root) : "memory");
}

void plat_pt_flush_all(void)
{
    write_cr3(loaded_root);
}

void plat_pt_commit(void)
{
}

void plat_pt_make_live(struct pt *pt)
{
    pt->is_live = true;
}

void plat_pt_make_dead(struct pt *pt)
{
    pt->is_live = false;
}

void plat_load_pt(struct pt *pt)
{
    uint64_t root = (uint64_t)page_frame(pt ? pt->root : native_boot_root) << PAGE_SHIFT;

    if (root == loaded_root && pt)
        return;
    loaded_root = root;
    write_cr3(root);
}

/* ---- Processes ---- */

#define STACK_CANARY 0x57ac4ed0cafe1234ul /* at the lowest word of a kernel stack: it was not overrun */

void native_mark_program(unsigned domid)
{
    HV_MARK(HV_MARK_CONTEXT, (uint64_t)domid << 32 | HV_MARK_MODE_USER);
    HV_MARK(HV_MARK_ROI_BEGIN, 0);
}

void plat_switch(struct proc *prev, struct proc *next)
{
    static uint64_t boot_sp;

    if (prev && *(const uint64_t *)prev->kstack != STACK_CANARY)
        panic("kernel stack of process %d overrun", prev->pid);
    plat_load_pt(&next->mm->pt);
    if (!prev || prev->fs_base != next->fs_base)
        plat_set_fs(next->fs_base);
    if (!prev || prev->gs_base != next->gs_base)
        plat_set_gs(next->gs_base);
    native_fpu_switch(prev, next);
    native_set_kernel_sp((uint64_t)next->kstack + KSTACK_BYTES);
    if (!prev)
        native_mark_program(1);
    native_switch_stack(prev ? &prev->saved_sp : &boot_sp, next->saved_sp);
}

void plat_prepare(struct proc *p, const struct trap_frame *f)
{
    struct trap_frame *frame = (struct trap_frame *)((uintptr_t)p->kstack + KSTACK_BYTES) - 1;
    uint64_t *sp = (uint64_t *)frame;

    *frame = *f;
    *(uint64_t *)p->kstack = STACK_CANARY;
    *--sp = (uint64_t)native_first_return;
    for (unsigned i = 0; i < 6; i++) /* what native_switch_stack pops */
        *--sp = 0;
    p->saved_sp = (uint64_t)sp;
}

void plat_user_frame(struct trap_frame *f, uint64_t rip, uint64_t rsp)
{
    *f = (struct trap_frame){
        .rip = rip, .rsp = rsp, .cs = NATIVE_USER_CS, .ss = NATIVE_USER_SS, .rflags = 0x202 /* IF */};
}
