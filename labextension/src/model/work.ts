import type { Job } from '../api/types';

/** What a job is about: the first of its arguments that is a text; of names, all of them. */
export function subjectOf(job: Job): string {
  const texts = Object.entries(job.arguments).map(([name, value]) =>
    name === 'names' && Array.isArray(value) ? value.join(', ') : value
  );
  return texts.find((value): value is string => typeof value === 'string' && value !== '') ?? '';
}

/** What `reconcile` ends with when something was done, and that is good. */
const ACTED = 10;

/** Whether it was done and found something bad. */
export function isBad(job: Job): boolean {
  return job.state === 'done' && job.code !== 0 && !(job.verb === 'reconcile' && job.code === ACTED);
}

/** Newest first; one that went well gives way to a newer one that does the same with the same thing. */
export function withoutRepeats(jobs: readonly Job[]): Job[] {
  const seen = new Set<string>();
  return jobs.filter(job => {
    const work = `${job.verb} ${subjectOf(job)}`;
    const isRepeat = seen.has(work);
    seen.add(work);
    return !isRepeat || job.state !== 'done' || isBad(job);
  });
}
