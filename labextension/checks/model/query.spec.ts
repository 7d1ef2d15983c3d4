import { isCondition, isNarrowed, NEWEST, quotedName, sortedBy, suggested } from '../../src/model/query';

describe('what a list is asked for', () => {
  it('conditions are told from texts', () => {
    for (const text of ['accuracy > 0.9', 'params.trees=10', 'name ~ wine', '`a < b` != 3', 'status = FAILED']) {
      expect(isCondition(text)).toBe(true);
    }
    for (const text of ['accuracy', 'accuracy >', '> 3', 'a >< 3', '', 'wine trees']) {
      expect(isCondition(text)).toBe(false);
    }
  });

  it('names go on from what is typed', () => {
    const names = ['accuracy', 'val_accuracy', 'params.accumulate', 'loss'];
    expect(suggested('acc', names)).toEqual(['accuracy', 'params.accumulate', 'val_accuracy']);
    expect(suggested('accuracy >', names)).toEqual([]);
  });

  it('names with operators stand in backticks', () => {
    expect(quotedName('p > q')).toBe('`p > q`');
    expect(quotedName('val accuracy')).toBe('val accuracy');
  });

  it('a second click on a head turns the order round', () => {
    const once = sortedBy(NEWEST, 'metrics.loss');
    expect([once.sort, once.isReverse]).toEqual(['metrics.loss', false]);
    expect(sortedBy(once, 'metrics.loss').isReverse).toBe(true);
    expect(sortedBy(once, 'name').isReverse).toBe(true);
  });

  it('spaces do not narrow', () => {
    expect(isNarrowed({ ...NEWEST, search: '  ' })).toBe(false);
    expect(isNarrowed({ ...NEWEST, filters: ['a > 1'] })).toBe(true);
    expect(isNarrowed({ ...NEWEST, sort: 'name' })).toBe(false);
  });
});
