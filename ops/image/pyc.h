/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Python's compiled modules. Each says for which time of its source it was made (PEP 552), and is
 * made anew, at every start, where the source in the image has another: as it would, since files in
 * images have the time of the image.
 */

struct tree;

/* Gives sources in the tree the times that the compiled modules beside them name. */
void pyc_times_set(struct tree *tree);
