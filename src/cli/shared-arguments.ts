import type { ParseArgsConfig } from 'node:util';
import type { BySide } from '../shared/side';
import type { OptionValues } from './arguments';
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

/**
 * Both or none: a pair of which half came from a settings file could be two halves of different moves. Undefined: settings say
 * where the clusters are. @throws UsageError
 */
export function pairOf(values: OptionValues, env: NodeJS.ProcessEnv): BySide<SideArguments> | undefined {
  const side = (side: 'source' | 'target') => {
    const uri = values[side] ?? (values.settings === undefined ? env[`CUTOVER_${side.toUpperCase()}_URI`] : undefined);
    const label = values[`${side}-label`];
    return { uri, ...(label && { label }) };
  };
  const [source, target] = [side('source'), side('target')];
  if (!source.uri && !target.uri) {
    const label = source.label ?? target.label;
    if (label) throw new UsageError('A label goes with --source and --target.', 'Settings have labels of their own.');
    return undefined;
  }
  if (values.settings !== undefined)
    throw new UsageError('Give --settings, or --source and --target, not both.', 'Leave out one of them.');
  if (source.uri && target.uri)
    return { source: { ...source, uri: source.uri }, target: { ...target, uri: target.uri } };
  const [there, missing] = source.uri ? ['source', 'target'] : ['target', 'source'];
  throw new UsageError(
    `The ${there} is given and the ${missing} is not.`,
    `Give --${missing} (or CUTOVER_${missing!.toUpperCase()}_URI), too, or neither for a migration of the settings.`,
  );
}
