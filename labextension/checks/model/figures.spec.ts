import { bestOf, isLessBetter } from '../../src/model/best';
import { courseOf, curveOf, isCourse, nearest, smoothed } from '../../src/model/curves';
import { parallelAxis } from '../../src/model/parallel';
import { extent, linear, logarithmic, ticks, tickText } from '../../src/model/scale';
import { polylines } from '../../src/model/spark';

describe('best values', () => {
  it('of losses the least', () => {
    const less = ['loss', 'val_loss', 'trainLoss', 'rmse', 'fit_seconds', 'mean_absolute_error', 'log_loss'];
    expect(less.filter(name => !isLessBetter(name))).toEqual([]);
    const more = ['accuracy', 'f1_score_macro', 'auc', 'r2', 'glossary_hits', 'timestamps_seen', 'permission'];
    expect(more.filter(isLessBetter)).toEqual([]);
  });

  it('none where there is nothing to choose from', () => {
    expect(bestOf([0.5, 0.9, 0.9, null], false)).toEqual([1, 2]);
    expect(bestOf([0.5, 0.9], true)).toEqual([0]);
    expect(bestOf([1, 1], false)).toEqual([]);
    expect(bestOf([1, null], false)).toEqual([]);
    expect(bestOf(['nan', 2, 3], true)).toEqual([1]);
  });
});

describe('scales', () => {
  it('have round ticks', () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(0.1, 0.3, 3)).toEqual([0.1, 0.2, 0.3]);
    expect(ticks(5, 5, 4)).toEqual([5]);
    expect(ticks(-37, 120, 4)).toEqual([0, 50, 100]);
  });

  it('map ends to ends, and a single value to the middle', () => {
    const scale = linear(10, 20, 0, 100);
    expect([10, 15, 20].map(scale.at)).toEqual([0, 50, 100]);
    expect(linear(3, 3, 0, 100).at(3)).toBe(50);
    const powers = logarithmic(0.001, 10, 0, 100);
    expect(powers.at(0.1)).toBeCloseTo(50);
    expect(powers.ticks).toEqual([0.001, 0.01, 0.1, 1, 10]);
    expect(logarithmic(2, 5, 0, 1).ticks).toEqual([2, 5]);
  });

  it('have short labels', () => {
    expect([0, 0.2, 1_500_000_000, 0.00025, -42, 12_000].map(tickText)).toEqual([
      '0',
      '0.2',
      '1.5e9',
      '2.5e-4',
      '-42',
      '12000'
    ]);
  });

  it('leave out what is no finite number', () => {
    expect(extent([null, Infinity, 2, NaN, 1])).toEqual([1, 2]);
    expect(extent([null])).toBeNull();
  });
});

describe('curves', () => {
  const course = courseOf({
    run: 'r',
    run_name: 'r',
    metric: 'm',
    total: 4,
    steps: [0, 1, 2, 3],
    times: [1000, 3000, 5000, 9000],
    values: [1, 'nan', 3, 4]
  });

  it('over steps and over time', () => {
    expect(curveOf(course, 'step').points.map(point => point.x)).toEqual([0, 1, 2, 3]);
    expect(curveOf(course, 'time').points.map(point => point.x)).toEqual([0, 2, 4, 8]);
    expect(isCourse(course)).toBe(true);
  });

  it('have gaps where a value is no number', () => {
    expect(polylines(course.points, 31, 10, 0)).toHaveLength(2);
    expect(nearest(curveOf(course, 'step'), 1.2)).toEqual({ x: 2, value: 3 });
  });

  it('are smoothed without being drawn to zero at their beginning', () => {
    const flat = { id: 'r', points: [0, 1, 2].map(x => ({ x, value: 5 })) };
    expect(smoothed(flat, 0.9).points.map(point => Math.round(point.value! * 1e6) / 1e6)).toEqual([5, 5, 5]);
    expect(smoothed(flat, 0)).toBe(flat);
  });

  it('of one value lie in the middle', () => {
    expect(polylines([{ step: 5, value: 2 }], 10, 10)).toEqual(['5,5']);
    expect(polylines([{ step: 0, value: null }], 10, 10)).toEqual([]);
  });
});

describe('axes of parallel coordinates', () => {
  const text = (value: number): string => String(value);

  it('of numbers, also where parameters hold them as text', () => {
    const axis = parallelAxis('param', 'trees', ['10', '20', null], 100, 0, text);
    expect(axis?.places).toEqual([100, 0, null]);
  });

  it('of widely spread numbers go by powers', () => {
    const axis = parallelAxis('param', 'lr', ['0.0001', '0.01', '1'], 100, 0, text);
    expect(axis?.places[1]).toBeCloseTo(50);
  });

  it('of words', () => {
    const axis = parallelAxis('param', 'optimizer', ['sgd', 'adam', 'None'], 100, 0, text);
    expect(axis?.labels.map(label => label.text)).toEqual(['None', 'adam', 'sgd']);
  });

  it('are none where runs do not differ', () => {
    expect(parallelAxis('metric', 'm', [1, 1], 100, 0, text)).toBeNull();
    expect(parallelAxis('param', 'p', ['a', 'a', null], 100, 0, text)).toBeNull();
    expect(parallelAxis('metric', 'm', [null, null], 100, 0, text)).toBeNull();
  });
});
