/** A list of migrations as it stands in `cutover.migrations`, wherever the settings are kept. */
import type * as z from 'zod/mini';
import { type Migration, migrationSchema } from './migration';

/** `where` names the settings in problems: `user settings`. A wrong entry never hides a right one. */
export function readMigrations(value: unknown, where: string): { migrations: Migration[]; problems: string[] } {
  const migrations = new Map<string, Migration>();
  const problems: string[] = [];
  const setting = `cutover.migrations (${where})`;
  if (value === undefined) return { migrations: [], problems };
  if (!Array.isArray(value)) return { migrations: [], problems: [`${setting} must be a list.`] };
  for (const [index, entry] of value.entries()) {
    const parsed = migrationSchema.safeParse(entry);
    const which = `${setting}, ${nameOf(entry) ?? `entry ${index + 1}`}`;
    if (!parsed.success) problems.push(`${which}: ${sentence(parsed.error)}`);
    else if (parsed.data.name.trim() === '') problems.push(`${which}: the name is empty.`);
    else if (migrations.has(parsed.data.name)) problems.push(`${which}: the name is taken by an earlier entry.`);
    else migrations.set(parsed.data.name, parsed.data);
  }
  return { migrations: [...migrations.values()], problems };
}

export function nameOf(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || !('name' in entry)) return undefined;
  return typeof entry.name === 'string' ? entry.name : undefined;
}

function sentence(error: z.core.$ZodError): string {
  return error.issues
    .map(issue => {
      const path = issue.path.join('.');
      if (issue.code === 'unrecognized_keys') {
        const keys = issue.keys.map(key => [path, key].filter(Boolean).join('.'));
        const hint = keys.some(key => /password/i.test(key))
          ? ' (passwords are never settings: use "Cutover: Set Password…")'
          : '';
        return `${keys.join(', ')} is unknown${hint}.`;
      }
      return `${path || 'it'} ${demand(issue)}.`;
    })
    .join(' ');
}

const kinds: Record<string, string> = {
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
};

/** zod/mini carries no messages of its own. */
function demand(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `must be ${kinds[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return 'is not valid';
}
