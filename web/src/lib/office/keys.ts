/** Keys that do something wherever the focus is, as long as nobody is writing; they can be switched off. */

const KEPT = 'marquee.office.keys';

export function keysAreOn(): boolean {
  return localStorage.getItem(KEPT) !== 'off';
}

export function keepKeys(on: boolean): void {
  localStorage.setItem(KEPT, on ? 'on' : 'off');
}

/** The key that was meant for the page: none while somebody writes, chooses from a list, or answers a dialog. */
export function pageKey(event: KeyboardEvent): string | undefined {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
    return undefined;
  const at = event.target instanceof HTMLElement ? event.target : undefined;
  const field = at?.closest('input:not([type=radio], [type=checkbox]), textarea, select, [role=application]');
  if (field || document.querySelector('dialog[open]')) return undefined;
  // A keyboard of another script has the letters where they are.
  const letter = /^[a-z]$/i.test(event.key) ? undefined : /^Key([A-Z])$/.exec(event.code)?.[1];
  return event.key.length === 1 ? (letter ?? event.key).toLowerCase() : event.key;
}
