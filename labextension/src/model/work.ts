import type { Job } from '../api/types';

/** What a job is about: the first of its arguments that is a text. */
export function subjectOf(job: Job): string {
  return Object.values(job.arguments).find((value): value is string => typeof value === 'string' && value !== '') ?? '';
}

/** Whether it was done and found something bad. */
export function isBad(job: Job): boolean {
  return job.state === 'done' && job.code !== 0;
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
