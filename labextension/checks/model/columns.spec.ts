import { column, differing, frequent, mainMetric, usualColumns } from '../../src/model/columns';
import { run } from './run';

const RUNS = [
  run('a', { metrics: { loss: 1, accuracy: 0.5 }, params: { trees: '10', seed: '7' } }),
  run('b', { metrics: { loss: 2, accuracy: 0.6, extra: 1 }, params: { trees: '20', seed: '7' } }),
  run('c', { metrics: {}, params: { trees: '20' } })
];

describe('columns', () => {
  it('of a metric with dots in its name', () => {
    const found = column('metrics.val.loss', true);
    expect([found.kind, found.name, found.sort]).toEqual(['metric', 'val.loss', 'metrics.val.loss']);
    expect(column('notebook', true).sort).toBe('');
  });

  it('the metric of most runs stands for all, and stays', () => {
    expect(frequent(RUNS, 'metrics')).toEqual(['accuracy', 'loss', 'extra']);
    expect(mainMetric(RUNS, 'started', '')).toBe('accuracy');
    expect(mainMetric(RUNS, 'started', 'loss')).toBe('loss');
    expect(mainMetric(RUNS, 'metrics.extra', 'loss')).toBe('extra');
    expect(mainMetric([], 'started', 'loss')).toBe('loss');
  });

  it('parameters that tell runs apart', () => {
    expect(differing(RUNS)).toEqual(['trees']);
  });

  it('usual ones', () => {
    expect(usualColumns(RUNS, 'accuracy', false)).toEqual(['metrics.accuracy', 'started', 'spark']);
    expect(usualColumns(RUNS, 'accuracy', true)).toContain('params.trees');
    expect(usualColumns([], '', false)).toEqual(['started']);
  });
});
