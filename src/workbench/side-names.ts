/** How a side is called and coloured: the same words everywhere, so that nobody mistakes one for the other. No editor here. */
import { type ConnectionSettings, defaultColors } from '../shared/migration';
import type { Side } from '../shared/side';

export function sideLabel(side: Side, settings: ConnectionSettings): string {
  return settings.label?.trim() || settings.service || settings.host || sideWord(side);
}

export function sideWord(side: Side): string {
  return side === 'source' ? 'Source' : 'Target';
}

/** `target (Hyperscale on Azure)`. */
export function sideNamed(side: Side, settings: ConnectionSettings): string {
  const label = sideLabel(side, settings);
  return label === sideWord(side) ? side : `${side} (${label})`;
}

export function sideColor(side: Side, settings: ConnectionSettings): string {
  return settings.color ?? defaultColors[side];
}
