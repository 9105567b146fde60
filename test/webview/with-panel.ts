import { join } from 'node:path';
import { expect } from 'vitest';
import { Panel, type PanelOptions, type PanelServer, type WebviewPanel } from './panel';

/** Works with a panel that shows a result; nothing may have been blocked or complained about when it is done. */
export async function withPanelOf(
  server: PanelServer,
  options: PanelOptions,
  work: (panel: Panel) => Promise<void>,
): Promise<void> {
  const panel = await Panel.open(server, options);
  try {
    await panel.page.locator('.verdict h1').waitFor();
    await work(panel);
    expect(await panel.violations()).toEqual([]);
    expect(panel.complaints).toEqual([]);
  } finally {
    await panel.close();
  }
}

/** Into the folder that CUTOVER_SCREENSHOTS names, if any. */
export async function screenshot(panel: Pick<WebviewPanel, 'page'>, name: string): Promise<void> {
  const folder = process.env.CUTOVER_SCREENSHOTS;
  if (folder) await panel.page.screenshot({ path: join(folder, `${name}.png`) });
}

/** Contrast of an element's text with what lies behind it, WCAG's formula. Runs on the page. */
export function contrast(element: unknown): number {
  interface Node {
    parentElement: Node | null;
  }
  const computed = (of: Node) =>
    (
      globalThis as unknown as { getComputedStyle(of: Node): { color: string; backgroundColor: string } }
    ).getComputedStyle(of);
  // `rgb(r, g, b)`, `rgba(r, g, b, a)` or `color(srgb r g b / a)` with parts of 1.
  const parse = (color: string): number[] => {
    const numbers = color.match(/[\d.]+(?:e-?\d+)?/g)!.map(Number);
    const scale = color.startsWith('color') ? 255 : 1;
    return [numbers[0]! * scale, numbers[1]! * scale, numbers[2]! * scale, numbers[3] ?? 1];
  };
  const over = (top: number[], below: number[]) => [
    ...[0, 1, 2].map(i => top[i]! * top[3]! + below[i]! * (1 - top[3]!)),
    1,
  ];
  const layers: number[][] = [];
  for (let node: Node | null = element as Node; node; node = node.parentElement) {
    layers.push(parse(computed(node).backgroundColor));
  }
  const background = layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  const text = over(parse(computed(element as Node).color), background);
  const luminance = (color: number[]) => {
    const [r, g, b] = color.slice(0, 3).map(part => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const [light, dark] = [luminance(text), luminance(background)].sort((a, b) => b - a);
  return (light! + 0.05) / (dark! + 0.05);
}
