import { followed, moved, NONE, pick } from '../../src/model/picked';

const IDS = ['a', 'b', 'c', 'd'];
const between = (from: string, to: string): string[] => {
  const [start, end] = [IDS.indexOf(from), IDS.indexOf(to)].sort();
  return IDS.slice(start, end + 1);
};

describe('picking rows', () => {
  it('one, several, a range', () => {
    const one = pick(NONE, 'b', 'only', between);
    expect(one.ids).toEqual(['b']);
    expect(pick(one, 'd', 'toggle', between).ids).toEqual(['b', 'd']);
    expect(pick(pick(one, 'd', 'toggle', between), 'b', 'toggle', between).ids).toEqual(['d']);
    const range = pick(one, 'd', 'range', between);
    expect(range.ids).toEqual(['b', 'c', 'd']);
    expect(pick(range, 'a', 'range', between).ids).toEqual(['a', 'b']);
    expect(pick(NONE, 'c', 'range', between).ids).toEqual(['c']);
  });

  it('the keyboard goes with its run, or stays at its place', () => {
    const indexOf = (id: string): number => IDS.indexOf(id);
    const idAt = (index: number): string | null => IDS[index] ?? null;
    expect(followed({ index: 0, id: 'c' }, 4, indexOf, idAt)).toEqual({ index: 2, id: 'c' });
    expect(followed({ index: 1, id: 'gone' }, 4, indexOf, idAt)).toEqual({ index: 1, id: 'b' });
    expect(followed({ index: 9, id: 'gone' }, 4, indexOf, idAt)).toEqual({ index: 3, id: 'd' });
    expect(followed({ index: 0, id: null }, 0, indexOf, () => null)).toEqual({ index: 0, id: null });
  });

  it('keys go no further than the list', () => {
    expect(moved('ArrowUp', 0, 10, 5)).toBe(0);
    expect(moved('PageDown', 8, 10, 5)).toBe(9);
    expect(moved('End', 3, 100_000, 5)).toBe(99_999);
    expect(moved('a', 3, 10, 5)).toBeNull();
    expect(moved('ArrowDown', 0, 0, 5)).toBeNull();
  });
});
