/** When the bundle began to run, in milliseconds of `performance.now()`. Imported first, so that activation time covers loading. */
export const loadedAt = performance.now();
