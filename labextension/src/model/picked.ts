/** Which rows are picked, and where the keyboard is. */
export interface Picked {
  /** In the order in which they were picked. */
  ids: readonly string[];
  /** Where Shift begins. */
  anchor: string | null;
}

export const NONE: Picked = { ids: [], anchor: null };

export type Mode = 'only' | 'toggle' | 'range';

/** How a mouse click or a key picks. */
export function modeOf(event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }): Mode {
  return event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'only';
}

/** `between` gives the ids from one row to another, both included, as far as they are here. */
export function pick(
  picked: Picked,
  id: string,
  mode: Mode,
  between: (from: string, to: string) => readonly string[]
): Picked {
  if (mode === 'toggle') {
    const ids = picked.ids.includes(id) ? picked.ids.filter(each => each !== id) : [...picked.ids, id];
    return { ids, anchor: id };
  }
  if (mode === 'range' && picked.anchor !== null) {
    const found = between(picked.anchor, id);
    return { ids: found.length ? found : [id], anchor: picked.anchor };
  }
  return { ids: [id], anchor: id };
}

/** A row of the table as the keyboard knows it; the id where the row is here. */
export interface Cursor {
  index: number;
  id: string | null;
}

/** After rows have changed: with its run where that is still there, else at the same place. */
export function followed(
  cursor: Cursor,
  total: number,
  indexOf: (id: string) => number,
  idAt: (index: number) => string | null
): Cursor {
  const index = cursor.id === null ? -1 : indexOf(cursor.id);
  const at = index >= 0 ? index : Math.max(0, Math.min(cursor.index, total - 1));
  const id = idAt(at);
  return at === cursor.index && id === cursor.id ? cursor : { index: at, id };
}

/** Where a key goes; null for a key that goes nowhere. */
export function moved(key: string, index: number, total: number, page: number): number | null {
  const steps: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: total - 1
  };
  const to = steps[key];
  return to === undefined || total === 0 ? null : Math.max(0, Math.min(total - 1, to));
}
