import type { RowsRequest } from '../api/client';

/** Which runs a table shows, and in what order. */
export interface RunsQuery {
  search: string;
  /** Conditions as people type them: `accuracy > 0.9`. */
  filters: readonly string[];
  experiment: string;
  /** Without runs inside of other runs. */
  isParentsOnly: boolean;
  isDeleted: boolean;
  /** `started`, `name`, `metrics.NAME`, ... */
  sort: string;
  /** The smallest or oldest first. */
  isReverse: boolean;
}

export const NEWEST: RunsQuery = {
  search: '',
  filters: [],
  experiment: '',
  isParentsOnly: false,
  isDeleted: false,
  sort: 'started',
  isReverse: false
};

export function asRequest(query: RunsQuery): RowsRequest {
  return {
    search: query.search.trim(),
    filter: [...query.filters],
    experiment: query.experiment,
    parents: query.isParentsOnly,
    deleted: query.isDeleted,
    sort: query.sort,
    reverse: query.isReverse
  };
}

/** A click on a column's head: by this column, the largest first; once more, the other way round. */
export function sortedBy(query: RunsQuery, sort: string): RunsQuery {
  const isSame = query.sort === sort;
  return { ...query, sort, isReverse: isSame ? !query.isReverse : sort === 'name' };
}

/** Whether something is left out of the list. */
export function isNarrowed(query: RunsQuery): boolean {
  return Boolean(
    query.search.trim() || query.filters.length || query.experiment || query.isDeleted || query.isParentsOnly
  );
}

/** Whether a text is a condition rather than something to look for. */
export function isCondition(text: string): boolean {
  return /^\s*(`[^`]+`|[^\s=!<>~][^=!<>~]*?)\s*(=|!=|<=?|>=?|~)\s*[^\s=!<>~].*$/s.test(text);
}

/** Names that go on from what is typed of a condition; nothing once its operator is there. */
export function suggested(text: string, names: readonly string[], most = 12): string[] {
  if (/[=!<>~]/.test(text)) {
    return [];
  }
  const part = text.trim().toLowerCase();
  const starts = names.filter(name => bare(name).startsWith(part));
  const others = names.filter(name => !bare(name).startsWith(part) && name.toLowerCase().includes(part));
  return [...starts, ...others].slice(0, most);
}

/** A name as a condition takes it: in backticks where it has operators or spaces in it. */
export function quotedName(name: string): string {
  return /[=!<>~`]|^\s|\s$/.test(name) ? `\`${name}\`` : name;
}

function bare(name: string): string {
  return name.replace(/^(metrics|params|tags)\./, '').toLowerCase();
}
