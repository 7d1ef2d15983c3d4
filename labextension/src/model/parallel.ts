import { extent, linear, logarithmic, type Scale } from './scale';

/** One axis of parallel coordinates, from the bottom to the top of the drawing. */
export interface ParallelAxis {
  id: string;
  name: string;
  kind: 'metric' | 'param';
  /** Where each run crosses it; null where a run has no value. */
  places: readonly (number | null)[];
  labels: readonly { at: number; text: string }[];
}

export type Value = string | number | null;

const MOST_WORDS = 12;

/** An axis of numbers, or of words where a value is none; without differences it says nothing, and is null. */
export function parallelAxis(
  kind: 'metric' | 'param',
  name: string,
  values: readonly Value[],
  bottom: number,
  top: number,
  format: (value: number) => string
): ParallelAxis | null {
  const numbers = values.map(asNumber);
  const isNumber = values.every((value, index) => value === null || numbers[index] !== null);
  const id = `${kind}s.${name}`;
  if (isNumber) {
    const range = extent(numbers);
    if (!range || range[0] === range[1]) {
      return null;
    }
    const isWide = range[0] > 0 && range[1] / range[0] >= 1000;
    const scale: Scale = (isWide ? logarithmic : linear)(range[0], range[1], bottom, top, 4);
    return {
      id,
      name,
      kind,
      places: numbers.map(value => (value === null || !Number.isFinite(value) ? null : scale.at(value))),
      labels: [range[0], range[1]].map(value => ({ at: scale.at(value), text: format(value) }))
    };
  }
  const words = [...new Set(values.filter((value): value is string | number => value !== null).map(String))].sort();
  if (words.length < 2) {
    return null;
  }
  const scale = linear(0, words.length - 1, bottom, top);
  const shown = words.length <= MOST_WORDS ? words : [words[0], words[words.length - 1]];
  return {
    id,
    name,
    kind,
    places: values.map(value => (value === null ? null : scale.at(words.indexOf(String(value))))),
    labels: shown.map(word => ({ at: scale.at(words.indexOf(word)), text: word }))
  };
}

function asNumber(value: Value): number | null {
  if (typeof value === 'number') {
    return value;
  }
  if (value === null || value.trim() === '' || !/^[-+]?(\d|\.\d)/.test(value.trim())) {
    return null;
  }
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
