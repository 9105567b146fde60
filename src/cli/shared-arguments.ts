import type { ParseArgsConfig } from 'node:util';
import { UsageError } from './usage';

/** What every command takes. */
export const sharedOptions = {
  source: { type: 'string' },
  target: { type: 'string' },
  'source-label': { type: 'string' },
  'target-label': { type: 'string' },
  migration: { type: 'string' },
  'statement-timeout': { type: 'string' },
  format: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

/** A side that is to be connected to. */
export interface SideArguments {
  uri: string;
  label?: string;
}

/** @throws UsageError */
export function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < least || number > 2_147_483_647) {
    throw new UsageError(`--${option} takes a whole number from ${least} on, not "${text}".`);
  }
  return number;
}
