import type { Point } from './spark';

const MOST_KEPT = 3000;
/** Runs of one request. */
export const MOST_ASKED = 60;

interface Known {
  points: readonly Point[];
  /** Under way when it was asked for: it may have gone on. */
  isMoving: boolean;
  turn: number;
}

/** Courses of one metric that are here; those of runs that have ended are asked for once. */
export class Sparks {
  private readonly known = new Map<string, Known>();
  private readonly asked = new Set<string>();
  private turn = 0;

  /** The stores have changed: courses of runs under way may have gone on. */
  renew(): void {
    this.turn += 1;
  }

  points(id: string): readonly Point[] | null {
    return this.known.get(id)?.points ?? null;
  }

  /** Of the runs in view, those that are to be asked for now; they count as asked until `take` or `leave`. */
  missing(runs: readonly { id: string; status: string }[]): string[] {
    const found = runs
      .filter(run => {
        const known = this.known.get(run.id);
        return !this.asked.has(run.id) && (!known || (known.isMoving && known.turn < this.turn));
      })
      .slice(0, MOST_ASKED)
      .map(run => run.id);
    found.forEach(id => this.asked.add(id));
    return found;
  }

  take(asked: readonly string[], courses: ReadonlyMap<string, readonly Point[]>, moving: ReadonlySet<string>): void {
    for (const id of asked) {
      this.asked.delete(id);
      this.known.delete(id);
      this.known.set(id, { points: courses.get(id) ?? [], isMoving: moving.has(id), turn: this.turn });
    }
    for (const id of this.known.keys()) {
      if (this.known.size <= MOST_KEPT) {
        break;
      }
      this.known.delete(id);
    }
  }

  /** The request failed: not asked again before the stores change. */
  leave(asked: readonly string[]): void {
    this.take(asked, new Map(), new Set(asked));
  }
}
