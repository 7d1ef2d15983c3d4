import type { Field } from '../api/types';

/** What stands in the fields of a form, by name: text, or a tick. */
export type Values = Record<string, string | boolean>;

export interface Filled {
  args: Record<string, unknown>;
  /** By field, what is wrong with it. */
  problems: Record<string, string>;
}

/** What a form shows at first: what was given, else the defaults. A list is a line each. */
export function initialValues(fields: readonly Field[], given: Record<string, unknown> = {}): Values {
  const values: Values = {};
  for (const field of fields) {
    // No number at all says more than a 0 that stands for "none given".
    const value = given[field.name] ?? (field.default === 0 ? '' : field.default);
    if (field.type === 'flag') {
      values[field.name] = value === true;
    } else if (Array.isArray(value)) {
      values[field.name] = value.map(String).join('\n');
    } else {
      values[field.name] = value === null || value === undefined ? '' : String(value);
    }
  }
  return values;
}

/** Arguments as REST takes them: only those that differ from the defaults. */
export function filled(fields: readonly Field[], values: Values, words: Words = WORDS): Filled {
  const args: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const value = values[field.name];
    if (field.type === 'flag') {
      if (value === true) {
        args[field.name] = true;
      }
      continue;
    }
    const text = typeof value === 'string' ? value.trim() : '';
    if (field.many) {
      const lines = text
        .split('\n')
        .map(line => line.trim())
        .filter(Boolean);
      if (lines.length) {
        args[field.name] = lines;
      } else if (field.required) {
        problems[field.name] = words.missing;
      }
      continue;
    }
    if (!text) {
      if (field.required) {
        problems[field.name] = words.missing;
      }
      continue;
    }
    const number = Number(text);
    if (field.type === 'int' && !Number.isInteger(number)) {
      problems[field.name] = words.notWhole;
    } else if (field.type === 'float' && !Number.isFinite(number)) {
      problems[field.name] = words.notNumber;
    } else {
      const found = field.type === 'int' || field.type === 'float' ? number : text;
      if (found !== field.default) {
        args[field.name] = found;
      }
    }
  }
  return { args, problems };
}

export interface Words {
  missing: string;
  notWhole: string;
  notNumber: string;
}

const WORDS: Words = {
  missing: 'This is needed.',
  notWhole: 'This is not a whole number.',
  notNumber: 'This is not a number.'
};

/** `no_verify` as people read it: No verify. */
export function labelOf(name: string): string {
  const words = name.replace(/^_+|_+$/g, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Those that are asked for at once, and those behind "More". */
export function parted(fields: readonly Field[], shown: readonly string[]): [Field[], Field[]] {
  const isFirst = (field: Field): boolean => field.required || field.positional || shown.includes(field.name);
  return [fields.filter(isFirst), fields.filter(field => !isFirst(field))];
}
