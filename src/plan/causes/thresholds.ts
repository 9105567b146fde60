/** When a finding is worth a word, beyond what thresholds.ts says of every figure. */

/**
 * Planning in a new connection fills the catalog caches first, so two runs of the same thing differ by a factor: less than
 * this many times is nothing …
 */
export const planningFactor = 2;

/** … nor is less than this many milliseconds. Measured on fresh connections: 1 to 4 ms for a statement of three tables. */
export const planningMs = 5;

/**
 * A side that does the same work in all nodes is slower by nature (processor, neighbours) from this factor on. One run tells no
 * less: on a busy machine two identical servers differed by 1.9 in every node (measured), which more runs would average out.
 */
export const uniformFactor = 2;

/** How far apart the factors of single nodes may be: a slower processor makes all slower alike. */
export const uniformSpread = 2;

/** How much of the time must lie in nodes that are slower alike, for the whole side to be called slower. */
export const uniformShare = 0.7;

/** Reading a page takes longer from this factor on: below, the same disk varies as much. */
export const pageTimeFactor = 1.5;

/** Pages that must be read before time per page means anything. */
export const fewestPages = 100;

/** Rows of scans that differ by this share are different data, not a moment's difference. */
export const rowsShare = 0.1;

/** Time per row that differs by less than this factor is about the same work per row. */
export const perRowFactor = 1.5;

/** Share of the samples that must have seen a wait for it to be more than a coincidence. */
export const waitShare = 0.1;
