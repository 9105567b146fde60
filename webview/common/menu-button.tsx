// biome-ignore-all lint/a11y/useAriaPropsSupportedByRole: the role is one of two, the linter sees neither
/** A button with a menu below it, after the WAI-ARIA "Menu Button Pattern". Entries that are switched leave it open. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from './controls';

export interface MenuEntry {
  id: string;
  label: string;
  title?: string;
  /** Present for one that is switched on and off. */
  checked?: boolean;
  choose(): void;
}

interface MenuButtonProps {
  label: string;
  className?: string;
  title?: string;
  entries: readonly MenuEntry[];
}

export function MenuButton({ label, className, title, entries }: MenuButtonProps) {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLDivElement>(null);
  const items = () => [...anchor.current!.querySelectorAll<HTMLElement>('.menu-entry')];
  const close = () => {
    setOpen(false);
    anchor.current!.querySelector<HTMLElement>('vscode-button')!.focus();
  };

  useEffect(() => {
    if (!open) return;
    items()[0]?.focus();
    const outside = (event: Event) => {
      if (!anchor.current!.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, [open]);

  const onKeyDown = (event: KeyboardEvent) => {
    const found = items();
    const at = found.indexOf(document.activeElement as HTMLElement);
    const last = found.length - 1;
    const to = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) found[to]?.focus();
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') {
      setOpen(false);
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class={`menu-button ${className ?? ''}`} ref={anchor}>
      <Button
        appearance="secondary"
        aria-haspopup="menu"
        aria-expanded={open}
        title={title}
        onClick={() => setOpen(!open)}
        onKeyDown={event => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        {label}
        <span class="menu-mark" aria-hidden />
      </Button>
      {open && (
        <div class="menu" role="menu" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
          {entries.map(entry => (
            <button
              key={entry.id}
              type="button"
              class="menu-entry"
              role={entry.checked === undefined ? 'menuitem' : 'menuitemcheckbox'}
              aria-checked={entry.checked}
              tabIndex={-1}
              title={entry.title}
              onClick={() => {
                entry.choose();
                if (entry.checked === undefined) close();
              }}
            >
              {entry.checked !== undefined && <span class={`menu-check ${entry.checked ? 'on' : ''}`} aria-hidden />}
              {entry.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
