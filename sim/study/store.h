/* SPDX-License-Identifier: Apache-2.0 */
/*
 * study.sqlite3: table "points", one row a point with a column for every option and every headline number; "domains",
 * "ledger" and "stats" with a row for each value. Made anew from the points' run.json, under a temporary name.
 */
#pragma once
#include "sim/study/table.h"

gboolean store_write(const struct table *t, GError **error);
