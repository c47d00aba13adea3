/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What /proc says about the process and its threads. */

struct proc_output;

/* Registers everything below /proc/self and /proc/sys that kernel/task knows. Once. */
void proc_task_init(void);

/*
 * The two long files of a thread, /proc/self/status and stat. `arg` is the thread's number; 0
 * stands for the main thread and the process.
 */
void proc_show_status(struct proc_output *out, void *arg);
void proc_show_stat(struct proc_output *out, void *arg);
