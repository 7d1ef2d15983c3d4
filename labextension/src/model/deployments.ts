import type { DeploymentView, DeploymentViewState as State, RevisionView } from '../api/types';

/** Of a text that stands for a state. */
export type Tone = 'good' | 'warn' | 'bad' | 'dim';

const TONES: Record<State, Tone> = {
  healthy: 'good',
  starting: 'warn',
  degraded: 'warn',
  down: 'bad',
  stopped: 'dim'
};

export function toneOf(state: State): Tone {
  return TONES[state] ?? 'dim';
}

/** What all revisions have answered since the router runs. */
export function traffic(view: DeploymentView): { requests: number; failed: number } {
  return view.revisions.reduce(
    (sum, { traffic: { requests, failed } }) => ({ requests: sum.requests + requests, failed: sum.failed + failed }),
    { requests: 0, failed: 0 }
  );
}

/** The revision beside the stable one: a canary, else a shadow that may become one. */
export function beside(view: DeploymentView): RevisionView | undefined {
  return inRole(view, 'canary') ?? inRole(view, 'shadow');
}

export function stableOf(view: DeploymentView): RevisionView | undefined {
  return inRole(view, 'stable');
}

function inRole(view: DeploymentView, role: string): RevisionView | undefined {
  return view.revisions.find(each => each.role === role);
}

export interface Readiness {
  ready: number;
  wanted: number;
  restarts: number;
  /** What those do that are not ready, each once. */
  others: string[];
  /** Their last words. */
  why: string;
}

/** How a revision's processes are; null for one that has none and needs none. */
export function readiness(revision: RevisionView, wanted: number): Readiness | null {
  const { replicas } = revision;
  if (!replicas.length && !revision.role) {
    return null;
  }
  const others = replicas.filter(each => each.state !== 'ready');
  return {
    ready: replicas.length - others.length,
    wanted: revision.role ? wanted : 0,
    restarts: replicas.reduce((sum, each) => sum + each.restarts, 0),
    others: [...new Set(others.map(each => each.state))],
    why: others.map(each => each.why).find(Boolean) ?? ''
  };
}

/** Where the requests go, when another one than the stable revision is to answer. */
export type Way = 'back' | 'again';

/** Whether a revision that is only kept is an older or a newer one; null where there is nothing to go to. */
export function wayTo(view: DeploymentView, revision: RevisionView): Way | null {
  const stable = stableOf(view);
  if (isAsleep(view) || !stable || revision.role) {
    return null;
  }
  return revision.number < stable.number ? 'back' : 'again';
}

/** Whether its router answers nobody: it was stopped, or the machine was off. */
export function isAsleep(view: DeploymentView): boolean {
  return view.state === 'stopped' || !view.pid;
}

/** A share as somebody types it; null where it is none. */
export function asPercent(text: string): number | null {
  const trimmed = text.trim();
  const number = Number(trimmed);
  return trimmed !== '' && Number.isInteger(number) && number >= 0 && number <= 100 ? number : null;
}

/** Seconds as milliseconds: two digits that count at least, and no more than help. */
export function milliseconds(seconds: number | null): string {
  if (seconds === null) {
    return '';
  }
  const value = 1000 * seconds;
  return value < 99.95 ? value.toFixed(1) : String(Math.round(value));
}

/** 12,000 requests. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}
