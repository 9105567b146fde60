/**
 * Imported before anything that makes a schema: zod decides when a schema is made whether to compile it with
 * `new Function`, which the page's Content Security Policy forbids and reports.
 */
import * as z from 'zod/mini';

z.config({ jitless: true });
