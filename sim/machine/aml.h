/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of ACPI machine language, as much as a table of devices needs: scopes, devices, names, resource templates.
 * Packages are closed in the order they were opened. Source: ACPI specification 6.4, "ACPI Machine Language (AML)
 * Specification" and "Resource Data Types for ACPI".
 */
#pragma once
#include <glib.h>
#include <stdint.h>

void aml_put(GByteArray *t, uint64_t v, unsigned bytes);
/* aml_open_...() - Return: what aml_close() wants. @path: one or more segments of four characters, '\\' first if so. */
guint aml_open_scope(GByteArray *t, const char *path);
guint aml_open_device(GByteArray *t, const char *name);
guint aml_open_package(GByteArray *t, const char *name, unsigned n); /* Name (name, Package (n) {...}) */
void aml_close(GByteArray *t, guint opened);
void aml_integer(GByteArray *t, uint64_t v);
void aml_name_integer(GByteArray *t, const char *name, uint64_t v);
void aml_name_string(GByteArray *t, const char *name, const char *s);
void aml_name_eisaid(GByteArray *t, const char *name, const char *id); /* "PNP0A03" */

/* Name (_CRS, ResourceTemplate () {...}): open, resources, close. */
struct aml_crs {
    GByteArray *t, *resources;
};
struct aml_crs aml_crs_open(GByteArray *t);
void aml_crs_io(struct aml_crs *c, unsigned port, unsigned n);
void aml_crs_irq(struct aml_crs *c, unsigned irq);
void aml_crs_memory(struct aml_crs *c, uint32_t at, uint32_t bytes);
/* Windows of a bridge: [@first, @last]. */
void aml_crs_window_bus(struct aml_crs *c, unsigned first, unsigned last);
void aml_crs_window_io(struct aml_crs *c, unsigned first, unsigned last);
void aml_crs_window_memory(struct aml_crs *c, uint32_t first, uint32_t last);
void aml_crs_close(struct aml_crs *c);
