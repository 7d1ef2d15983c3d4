import { ago, bytes, figure, seconds, until } from '../../src/model/format';

describe('figures as people read them', () => {
  it('seconds', () => {
    expect([0.351, 12.34, 59.96, 245, 7801].map(seconds)).toEqual([
      '0.35 s',
      '12.3 s',
      '60.0 s',
      '4 min 5 s',
      '2 h 10 min'
    ]);
  });

  it('bytes', () => {
    expect([0, 999, 1000, 12_345, 999_999, 3.2e9].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '12.3 kB',
      '1.00 MB',
      '3.20 GB'
    ]);
  });

  it('metrics', () => {
    expect([0.912345678, 3, 1e-7, 12_345_678, null, undefined].map(figure)).toEqual([
      '0.91235',
      '3',
      '1.000e-7',
      '1.235e+7',
      'NaN',
      ''
    ]);
  });

  it('how long ago', () => {
    const now = Date.parse('2026-01-02T12:00:00Z');
    expect(ago('2026-01-02T11:59:59.500Z', now)).toBe('now');
    expect(ago('2026-01-02T11:59:18Z', now)).toBe('42 s');
    expect(ago('2026-01-02T11:15:00Z', now)).toBe('45 min');
    expect(ago('2026-01-02T02:00:00Z', now)).toBe('10 h');
    expect(ago('2025-12-30T12:00:00Z', now)).toBe('3 d');
    expect(ago(null, now)).toBe('');
    expect(ago('2026-01-02T13:00:00Z', now)).toBe('now');
  });

  it('how long until then', () => {
    const now = Date.parse('2026-01-02T12:00:00Z');
    expect(until('2026-01-02T12:11:30Z', now)).toBe('11 min');
    expect(until('2026-01-05T12:00:00Z', now)).toBe('3 d');
    expect(until('2026-01-02T11:00:00Z', now)).toBe('now');
    expect(until(null, now)).toBe('');
  });
});
