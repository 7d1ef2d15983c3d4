import { arranged } from '../../src/model/arrange';
import { run } from './run';

const at = (minute: number): string => `2026-01-01T00:0${minute}:00Z`;

function placed(order: string[], parents: Record<string, string>, isTree = true): string[] {
  const runs = new Map(
    order.map((id, index) => [id, run(id, { parent: parents[id] ?? null, started: at(9 - index) })])
  );
  return arranged(order, runs, isTree).map(place => '  '.repeat(place.depth) + place.id);
}

describe('runs inside of runs', () => {
  it('stand below, the first to begin first', () => {
    expect(placed(['c', 'b', 'p', 'x'], { b: 'p', c: 'p' })).toEqual(['p', '  b', '  c', 'x']);
  });

  it('stand as they come where their run is elsewhere', () => {
    expect(placed(['c', 'x'], { c: 'far' })).toEqual(['c', 'x']);
  });

  it('lie in each other', () => {
    expect(placed(['t', 's', 'p'], { t: 's', s: 'p' })).toEqual(['p', '  s', '    t']);
  });

  it('end where somebody made a ring of them', () => {
    expect(
      placed(['a', 'b'], { a: 'b', b: 'a' })
        .map(line => line.trim())
        .sort()
    ).toEqual(['a', 'b']);
    expect(placed(['a'], { a: 'a' })).toEqual(['a']);
  });

  it('are left in their order where it is another', () => {
    expect(placed(['c', 'p'], { c: 'p' }, false)).toEqual(['c', 'p']);
  });
});
