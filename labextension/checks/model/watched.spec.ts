import type { Finding } from '../../src/api/types';
import { beats, toneOfFinding } from '../../src/model/watched';

function finding(severity: Finding['severity']): Finding {
  return { kind: 'drift', subject: 'age', message: 'age has drifted', severity, value: 0.4, limit: 0.2 };
}

describe('what is watched', () => {
  it('a finding is as loud as it is severe', () => {
    expect((['error', 'warning', 'info'] as const).map(each => toneOfFinding(finding(each)))).toEqual([
      'bad',
      'warn',
      'dim'
    ]);
  });

  it('a bar for each window, up to three times the limit', () => {
    const { bars, limit, height, width } = beats([0.5, 1, 9, null]);
    expect(bars.map(each => each.isOver)).toEqual([false, true, true, false]);
    expect(bars[1].box.y).toBeCloseTo(limit);
    expect(bars[2].box).toMatchObject({ y: 0, height });
    expect(bars[3].box.height).toBe(0);
    expect(bars[3].box.x + bars[3].box.width).toBeLessThanOrEqual(width);
  });

  it('no windows are no bars', () => {
    expect(beats([]).bars).toEqual([]);
  });
});
