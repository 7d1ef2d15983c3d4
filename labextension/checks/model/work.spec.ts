import type { Job } from '../../src/api/types';
import { isBad, subjectOf, withoutRepeats } from '../../src/model/work';

function job(id: string, verb: string, args: Record<string, unknown>, more: Partial<Job> = {}): Job {
  return {
    id,
    verb,
    folder: '',
    project: '',
    arguments: args,
    state: 'done',
    is_ending: false,
    created: '',
    started: null,
    ended: null,
    last: 0,
    progress: [],
    code: 0,
    error: null,
    output: '',
    ...more
  };
}

describe('work that is listed', () => {
  it('is about the first text among its arguments', () => {
    expect(subjectOf(job('1', 'deploy', { canary: 20, package: '', name: 'wine' }))).toBe('wine');
    expect(subjectOf(job('1', 'gc', { dry_run: true }))).toBe('');
  });

  it('is bad where it was done and found something bad', () => {
    expect(isBad(job('1', 'verify', {}, { code: 1 }))).toBe(true);
    expect(isBad(job('1', 'verify', {}))).toBe(false);
    expect(isBad(job('1', 'verify', {}, { state: 'failed', code: 1 }))).toBe(false);
    expect(isBad(job('1', 'reconcile', {}, { code: 10 }))).toBe(false);
    expect(isBad(job('1', 'reconcile', {}, { code: 20 }))).toBe(true);
  });

  it('says whom it is about', () => {
    expect(subjectOf(job('1', 'reconcile', { names: ['wine-train', 'wine-deploy'] }))).toBe('wine-train, wine-deploy');
    expect(subjectOf(job('1', 'reconcile', { names: [] }))).toBe('');
  });

  it('what went well gives way to the same with the same thing', () => {
    const jobs = [
      job('6', 'deploy', { name: 'wine', canary: 40 }, { state: 'running' }),
      job('5', 'deploy', { name: 'wine', canary: 30 }),
      job('4', 'deploy', { name: 'beer' }),
      job('3', 'deploy', { name: 'wine' }, { state: 'failed' }),
      job('2', 'predict', { name: 'wine' }),
      job('1', 'deploy', { name: 'wine' }, { code: 1 }),
      job('0', 'predict', { name: 'wine' })
    ];
    expect(withoutRepeats(jobs).map(each => each.id)).toEqual(['6', '4', '3', '2', '1']);
  });
});
