/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markers: how software tells an observer where it is, at the price of one NOP.
 *
 * A marker is the multi-byte NOP "nopl MAGIC+code(%rax)" (0F 1F 80 disp32). It touches no memory and changes nothing on
 * any x86-64 machine, in any ring; the simulator recognises the displacement and reports (code, RAX). Markers are
 * always executed, so watching cannot change a cycle.
 */
#pragma once

#define HV_MARK_MAGIC 0x766d5300 /* "vmS" and the code in the low byte */

#define HV_MARK_CONTEXT   1 /* RAX = domid << 32 | vcpu << 16 | HV_MARK_MODE_*: whom this CPU works for from now on */
#define HV_MARK_ROI_BEGIN 2 /* RAX = anything: this guest's workload is set up and starts measured work */
#define HV_MARK_ROI_END   3 /* RAX = anything: measured work is done */
#define HV_MARK_OPS       4 /* RAX = number of operations of the workload completed since the last such marker */
#define HV_MARK_DOM_END   5 /* RAX = domid << 32 | reason: a domain ended (reason as SHUTDOWN_* of sched.h) */

/* Modes of HV_MARK_CONTEXT. Hypervisor time is told apart by CPL 0. */
#define HV_MARK_MODE_KERNEL 0 /* guest kernel */
#define HV_MARK_MODE_USER   1 /* guest user */
#define HV_MARK_DOM_IDLE    0x7fffu

#ifndef __ASSEMBLER__
#define HV_MARK(code, arg)                                                                                             \
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" ::"i"(HV_MARK_MAGIC + (code)), "a"((unsigned long)(arg)))
#endif
