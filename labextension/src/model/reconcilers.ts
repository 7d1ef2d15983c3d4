import type { Reason, ReconcilerView } from '../api/types';
import type { Tone } from './deployments';

/** Of what a reconciler's condition says. */
export function toneOfState(view: ReconcilerView): Tone {
  if (!view.state || view.is_suspended) {
    return 'dim';
  }
  if (view.pinned) {
    return 'warn';
  }
  if (view.is_stalled || view.is_ready === null) {
    return 'bad';
  }
  return view.is_ready ? 'good' : 'warn';
}

/** `ProposalOpen` as people say it. */
export function words(state: string): string {
  return state.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
}

export interface Branch {
  reason: Reason;
  depth: number;
}

/** The tree of reasons, from above; what only holds others together counts as a level. */
export function branches(reason: Reason | null, depth = 0): Branch[] {
  return reason ? [{ reason, depth }, ...reason.parts.flatMap(part => branches(part, depth + 1))] : [];
}

/** A need that holds is something to be done; one that cannot be told is trouble. */
export function toneOfReason(reason: Reason): Tone {
  return reason.holds === null ? 'bad' : reason.holds ? 'warn' : 'dim';
}
