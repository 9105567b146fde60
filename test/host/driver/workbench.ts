/** Drives the workbench as a user does: keys, clicks and what stands on the screen. */
import { basename } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';

/** Longest wait for something to appear; under load VS Code needs tens of seconds for a first webview. */
const patienceMs = 90_000;

/** Before a try is given up and made again: a webview that takes the focus while it loads closes the palette. */
const oneTryMs = 5000;

export class Workbench {
  constructor(readonly page: Page) {
    page.setDefaultTimeout(patienceMs);
  }

  /** Waits until the window is drawn and its extension host runs. */
  async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor();
    await this.page.locator('.monaco-workbench .part.editor').waitFor();
  }

  /**
   * Runs a command by its palette title, as `Cutover: Explain on Both Sides`. The palette does not refresh when an
   * extension registers late, so it is opened again until the row is there.
   */
  async command(title: string): Promise<void> {
    await this.#untilDone(async () => {
      await this.page.keyboard.press('F1');
      await this.quickInput.fill(`>${title}`, { timeout: oneTryMs });
      await this.quickRow(title).click({ timeout: oneTryMs / 2 });
    });
  }

  async #untilDone(attempt: () => Promise<void>): Promise<void> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await this.page.keyboard.press('Escape');
        await this.page.waitForTimeout(300);
      }
    }
  }

  /** The text field of the palette, an input box or a pick list. */
  get quickInput(): Locator {
    return this.page
      .locator('.quick-input-widget input[type="text"], .quick-input-widget input[type="password"]')
      .first();
  }

  /** What stands above or below that field: title, prompt, validation message. */
  get quickInputWidget(): Locator {
    return this.page.locator('.quick-input-widget');
  }

  /** A row of the open pick list whose label begins with the text. */
  quickRow(label: string): Locator {
    const begins = new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`);
    return this.page
      .locator('.quick-input-list .monaco-list-row', { has: this.page.locator('.label-name', { hasText: begins }) })
      .first();
  }

  /** Types into the open input box and accepts it. `prompt`, when given, must be on it: no answer to the wrong question. */
  async answer(text: string, prompt?: string | RegExp): Promise<void> {
    if (prompt !== undefined) await this.quickInputWidget.filter({ hasText: prompt }).waitFor();
    await this.quickInput.waitFor({ state: 'visible' });
    await this.quickInput.fill(text);
    await this.page.keyboard.press('Enter');
  }

  async pick(label: string): Promise<void> {
    await this.quickRow(label).click();
  }

  /** Clicks a button of the modal dialog. */
  async dialogButton(label: string): Promise<void> {
    await this.dialog.locator('.monaco-button', { hasText: label }).click();
  }

  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** Notification toasts on the screen; their text includes the buttons. */
  get notifications(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  /** Opens a file of the workspace (path relative to it) through Quick Open. */
  async openFile(path: string): Promise<void> {
    const name = basename(path);
    await this.#untilDone(async () => {
      await this.page.keyboard.press('Control+P');
      await this.quickInput.fill(path, { timeout: oneTryMs });
      await this.quickRow(name).click({ timeout: oneTryMs });
      await this.tab(name).waitFor({ timeout: 2 * oneTryMs });
      const lines = this.page.locator('.editor-group-container.active .monaco-editor .view-lines').first();
      await lines.waitFor({ timeout: 2 * oneTryMs });
    });
  }

  /** An editor tab by its label. */
  tab(label: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: label }).first();
  }

  /** Puts the cursor there, both counted from 1. */
  async setCursor(line: number, column = 1): Promise<void> {
    await this.#untilDone(async () => {
      await this.page.keyboard.press('Control+G');
      await this.quickInput.fill(`:${line}:${column}`, { timeout: oneTryMs });
      // Accepted before it was understood, it would put the cursor back.
      const understood = this.page.locator('.quick-input-list .monaco-list-row', {
        hasText: new RegExp(`\\b${line}\\b`),
      });
      await understood.waitFor({ timeout: oneTryMs });
      await this.page.keyboard.press('Enter');
      await this.statusBarItem(new RegExp(`^Ln ${line},`)).waitFor({ timeout: oneTryMs });
    });
  }

  /** The lines of the active text editor that are on the screen. */
  async editorText(): Promise<string> {
    const lines = this.page.locator('.editor-group-container.active .monaco-editor .view-lines .view-line');
    const placed = await lines.evaluateAll(elements =>
      (elements as unknown as { style: { top: string }; textContent: string | null }[]).map(element => ({
        top: Number.parseFloat(element.style.top),
        text: element.textContent ?? '',
      })),
    );
    placed.sort((a, b) => a.top - b.top);
    return placed.map(({ text }) => text.replaceAll('\u00a0', ' ')).join('\n');
  }

  async save(): Promise<void> {
    await this.page.keyboard.press('Control+S');
  }

  /** Opens a view container by the title of its icon in the activity bar. */
  async openViewContainer(title: string): Promise<void> {
    const icon = this.page.locator(`.activitybar .action-item:has(a[aria-label^="${title}"])`).first();
    if ((await icon.getAttribute('class'))?.includes('checked') !== true) await icon.click();
  }

  /** Rows of the tree views in the side bar. */
  treeRow(text: string | RegExp): Locator {
    return this.page.locator('.part.sidebar .monaco-list-row', { hasText: text }).first();
  }

  /** An entry of the status bar by its text. */
  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item', { hasText: text }).first();
  }

  /** The document of Cutover's visible webview. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready:visible').frameLocator('#active-frame');
  }

  /** Of several visible webviews the document of the one that was opened last. */
  newestWebview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready:visible').last().frameLocator('#active-frame');
  }

  async screenshot(path: string): Promise<void> {
    await this.page.screenshot({ path });
  }
}
