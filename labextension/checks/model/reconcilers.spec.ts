import type { Reason, ReconcilerView } from '../../src/api/types';
import { branches, toneOfReason, toneOfState, words } from '../../src/model/reconcilers';

const QUIET = {
  state: 'InSync',
  is_ready: true,
  is_stalled: false,
  is_suspended: false
} as ReconcilerView;

function reason(need: string, holds: boolean | null, ...parts: Reason[]): Reason {
  return { need, holds, why: need, key: '', parameters: {}, recheck: 0, parts };
}

describe('the state of a reconciler', () => {
  it('has a tone', () => {
    expect(toneOfState(QUIET)).toBe('good');
    expect(toneOfState({ ...QUIET, is_ready: false })).toBe('warn');
    expect(toneOfState({ ...QUIET, is_ready: false, is_stalled: true })).toBe('bad');
    expect(toneOfState({ ...QUIET, is_ready: null })).toBe('bad');
    expect(toneOfState({ ...QUIET, is_ready: null, is_suspended: true })).toBe('dim');
    expect(toneOfState({ ...QUIET, is_ready: null, pinned: '7' })).toBe('warn');
    expect(toneOfState({ ...QUIET, state: '' })).toBe('dim');
  });

  it('is said in words', () => {
    expect(words('InSync')).toBe('in sync');
    expect(words('PostconditionNotMet')).toBe('postcondition not met');
  });
});

describe('reasons', () => {
  it('are a tree, from above', () => {
    const tree = reason('any', true, reason('maxAge', false), reason('all', true, reason('drift', true)));
    expect(branches(tree).map(each => [each.reason.need, each.depth])).toEqual([
      ['any', 0],
      ['maxAge', 1],
      ['all', 1],
      ['drift', 2]
    ]);
    expect(branches(null)).toEqual([]);
  });

  it('stand out where there is something to do', () => {
    expect([true, false, null].map(holds => toneOfReason(reason('x', holds)))).toEqual(['warn', 'dim', 'bad']);
  });
});
