/** Tags of cells that say what the export does with them (docs/export.md, "Where steps begin"). */

export type Role = 'step' | 'parameters' | 'keep' | 'skip' | 'none';

const STEPS = ['step:', 'block:'];
const PARAMETERS = ['parameters', 'pipeline-parameters'];
const KEEP = ['keep', 'pipeline-metrics'];

export interface Tagged {
  role: Role;
  /** Of a step. */
  name: string;
}

export function roleOf(tags: readonly string[]): Tagged {
  for (const tag of tags) {
    const prefix = STEPS.find(each => tag.startsWith(each));
    if (prefix) {
      return { role: 'step', name: tag.slice(prefix.length) };
    }
  }
  const has = (some: readonly string[]): boolean => tags.some(tag => some.includes(tag));
  const role = tags.includes('skip') ? 'skip' : has(PARAMETERS) ? 'parameters' : has(KEEP) ? 'keep' : 'none';
  return { role, name: '' };
}

/** The tags with this role in place of the one they had; others stay as they are. */
export function withRole(tags: readonly string[], role: Role, name = ''): string[] {
  const others = tags.filter(tag => roleOf([tag]).role === 'none');
  switch (role) {
    case 'none':
      return others;
    case 'step':
      return [...others, `step:${name}`];
    default:
      return [...others, role];
  }
}

/** A name of a step as people type it, as a tag takes it: `Load data` is `load-data`. */
export function stepName(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_]+/gu, '-')
    .replace(/^-+|-+$/g, '');
}
