import { MOST_ASKED, Sparks } from '../../src/model/sparks';

const POINTS = [
  { step: 0, value: 1 },
  { step: 1, value: 2 }
];

describe('courses in the list', () => {
  it('of runs that have ended are asked for once', () => {
    const sparks = new Sparks();
    const runs = [{ id: 'a', status: 'FINISHED' }];
    expect(sparks.missing(runs)).toEqual(['a']);
    expect(sparks.missing(runs)).toEqual([]);
    sparks.take(['a'], new Map([['a', POINTS]]), new Set());
    sparks.renew();
    expect(sparks.missing(runs)).toEqual([]);
    expect(sparks.points('a')).toBe(POINTS);
  });

  it('of runs under way are asked for again when the stores change', () => {
    const sparks = new Sparks();
    const runs = [{ id: 'a', status: 'RUNNING' }];
    sparks.take(sparks.missing(runs), new Map([['a', POINTS]]), new Set(['a']));
    expect(sparks.missing(runs)).toEqual([]);
    sparks.renew();
    // It has ended meanwhile: its last values are still to come.
    expect(sparks.missing([{ id: 'a', status: 'FINISHED' }])).toEqual(['a']);
  });

  it('that could not be had are not asked for again and again', () => {
    const sparks = new Sparks();
    const runs = [{ id: 'a', status: 'FINISHED' }];
    sparks.leave(sparks.missing(runs));
    expect(sparks.missing(runs)).toEqual([]);
    sparks.renew();
    expect(sparks.missing(runs)).toEqual(['a']);
  });

  it('are asked for a page at a time', () => {
    const runs = Array.from({ length: 500 }, (_, index) => ({ id: String(index), status: 'FINISHED' }));
    expect(new Sparks().missing(runs)).toHaveLength(MOST_ASKED);
  });
});
