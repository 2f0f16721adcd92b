/* SPDX-License-Identifier: Apache-2.0 */
/* Xen's public interface headers (package libxen-dev), as every part of the hypervisor includes them. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
