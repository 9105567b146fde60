/**
 * The one file that imports the UI toolkit. It is no longer maintained, so only small controls come from it, under names
 * of our own: another set of controls means another version of this file. Grids and trees are ours, because the toolkit's
 * data grid keeps every row in the page and writes inline styles, which a strict Content Security Policy blocks.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { type FunctionComponent, type HTMLAttributes, h } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodePanels(),
  vsCodePanelTab(),
  vsCodePanelView(),
  vsCodeProgressRing(),
  vsCodeTextField(),
);

/** A custom element used like a component: Preact takes the tag's name, TypeScript the properties. */
function element<Props>(tag: string): FunctionComponent<HTMLAttributes<HTMLElement> & Props> {
  return tag as unknown as FunctionComponent<HTMLAttributes<HTMLElement> & Props>;
}

export const Button = element<{ appearance: 'primary' | 'secondary' | 'icon'; disabled?: boolean }>('vscode-button');
export const Checkbox = element<{ checked: boolean; disabled?: boolean }>('vscode-checkbox');
/** The toolkit's field calls itself "Text field", whatever it was given for a name. */
export const TextField: FunctionComponent<
  HTMLAttributes<HTMLElement> & { 'aria-label': string; value: string; placeholder?: string }
> = props => {
  const field = useRef<HTMLElement>(null);
  const name = props['aria-label'];
  useLayoutEffect(() => field.current!.setAttribute('aria-label', name), [name]);
  return h('vscode-text-field', { ...props, ref: field });
};
export const ProgressRing = element<object>('vscode-progress-ring');
/** `change` is also fired by controls inside the panels and bubbles: compare `event.target` with `currentTarget`. */
export const Tabs = element<{ activeid: string }>('vscode-panels');
export const Tab = element<{ id: string }>('vscode-panel-tab');
export const TabPanel = element<{ id: string }>('vscode-panel-view');
