import type { RunView } from '../api/types';
import { arranged, type Place } from './arrange';

/** Rows that are asked for at once. */
export const WINDOW = 100;
const MOST_REQUESTS = 2;
const MOST_KEPT = 40;

/** What the server says of one window. */
export interface Answer {
  total: number;
  order: readonly string[];
  /** Of the window and around it: those that the token has not been shown. */
  rows: readonly RunView[];
  token: string;
}

export type Ask = (offset: number, limit: number, known: string) => Promise<Answer>;

interface Loaded {
  places: readonly Place[];
  runs: ReadonlyMap<string, RunView>;
  token: string;
  total: number;
  /** Of the list that it was asked in. */
  generation: number;
}

/**
 * A list of any length of which only what is in view, and a little around it, is here. What is in view is asked for
 * first, two requests at a time; when the list has changed, what is in view is asked for anew and put in its place at
 * once, so that rows never stand there twice. A run that has not changed stays the same object.
 */
export class Windows {
  constructor(
    private readonly ask: Ask,
    /** Runs inside of others are put below them. */
    private readonly isTree: boolean,
    /** What was in view has moved by so many rows. */
    private readonly onChange: (shift: number) => void
  ) {}

  /** Length of the list; null before the first answer. */
  get total(): number | null {
    return this._total;
  }

  /** Why the last request failed; it stays until one succeeds. */
  get error(): unknown {
    return this._error;
  }

  get isAsking(): boolean {
    return this.asked.size > 0;
  }

  /** The runs that are here. */
  get runs(): RunView[] {
    return [...this.loaded.values()].flatMap(window => window.places.map(place => window.runs.get(place.id)!));
  }

  at(index: number): { run: RunView; depth: number } | null {
    const window = this.loaded.get(Math.floor(index / WINDOW));
    const place = window?.places[index % WINDOW];
    return place && window ? { run: window.runs.get(place.id)!, depth: place.depth } : null;
  }

  /** A run of the list, or one around a run of the list. */
  run(id: string): RunView | null {
    for (const window of this.loaded.values()) {
      const run = window.runs.get(id);
      if (run) {
        return run;
      }
    }
    return null;
  }

  /** -1 where it is not among what is here. */
  indexOf(id: string): number {
    for (const [number, window] of this.loaded) {
      const at = window.places.findIndex(place => place.id === id);
      if (at >= 0) {
        return number * WINDOW + at;
      }
    }
    return -1;
  }

  /** The rows in view: `from` up to, but without, `to`. */
  look(from: number, to: number): void {
    this.from = from;
    this.to = Math.max(from + 1, to);
    this.pump();
  }

  /** The list has changed. */
  renew(): void {
    this.generation += 1;
    this.isHalted = false;
    this.pump();
  }

  dispose(): void {
    this.isDisposed = true;
  }

  private get inView(): number[] {
    const found = [];
    for (let number = Math.floor(this.from / WINDOW); number * WINDOW < this.to; number++) {
      if (this._total === null || number === 0 || number * WINDOW < this._total) {
        found.push(number);
      }
    }
    return found;
  }

  private isFresh(number: number): boolean {
    const window = this.staged.get(number) ?? this.loaded.get(number);
    return window !== undefined && window.generation === this.generation;
  }

  private next(): number | undefined {
    const inView = this.inView;
    const wanted = inView.find(number => !this.isFresh(number) && !this.asked.has(number));
    if (wanted !== undefined || this._total === null) {
      return wanted;
    }
    const around = [inView[inView.length - 1] + 1, inView[0] - 1];
    return around.find(
      number => number >= 0 && number * WINDOW < this._total! && !this.loaded.has(number) && !this.asked.has(number)
    );
  }

  private pump(): void {
    while (!this.isDisposed && !this.isHalted && this.asked.size < MOST_REQUESTS) {
      const number = this.next();
      if (number === undefined) {
        return;
      }
      void this.fetch(number);
    }
  }

  private async fetch(number: number): Promise<void> {
    const generation = this.generation;
    const before = this.loaded.get(number);
    this.asked.add(number);
    try {
      const answer = await this.ask(number * WINDOW, WINDOW, before?.token ?? '');
      if (this.isDisposed) {
        return;
      }
      const window = merged(answer, before, generation, this.isTree);
      this._error = null;
      if (window) {
        this.staged.set(number, window);
      } else {
        this.loaded.delete(number); // the token stood for rows that are not here: ask for all of them
      }
    } catch (error) {
      if (this.isDisposed) {
        return;
      }
      this._error = error;
      this.isHalted = true;
    } finally {
      this.asked.delete(number);
    }
    this.settle();
    this.pump();
  }

  private settle(): void {
    const isWaiting = this.inView.some(number => this.loaded.has(number) && !this.isFresh(number));
    if (!this.staged.size || (isWaiting && !this.isHalted)) {
      this.onChange(0);
      return;
    }
    const before = this.idsInView();
    const total = this._total;
    for (const [number, window] of this.staged) {
      this.loaded.set(number, window);
      this._total = window.total;
    }
    this.staged.clear();
    const shift = this.shiftOf(before);
    if (shift !== 0 || total !== this._total) {
      this.forgetOlder();
    }
    this.forgetFar();
    this.onChange(shift);
  }

  private idsInView(): Map<string, number> {
    const found = new Map<string, number>();
    for (let index = this.from; index < this.to; index++) {
      const row = this.at(index);
      if (row) {
        found.set(row.run.id, index);
      }
    }
    return found;
  }

  /** By how much most of what was in view has moved; a single run may go elsewhere. */
  private shiftOf(before: ReadonlyMap<string, number>): number {
    const shifts: number[] = [];
    for (const [id, index] of before) {
      const now = this.indexOf(id);
      if (now >= 0) {
        shifts.push(now - index);
      }
    }
    shifts.sort((left, right) => left - right);
    return shifts.length ? shifts[Math.floor(shifts.length / 2)] : 0;
  }

  /** What is not in view stands at other places now. */
  private forgetOlder(): void {
    const inView = this.inView;
    for (const [number, window] of this.loaded) {
      if (window.generation < this.generation && !inView.includes(number)) {
        this.loaded.delete(number);
      }
    }
  }

  private forgetFar(): void {
    const middle = (this.from + this.to) / 2 / WINDOW;
    const far = [...this.loaded.keys()]
      .filter(number => this._total !== null && number > 0 && number * WINDOW >= this._total)
      .concat(
        [...this.loaded.keys()]
          .sort((left, right) => Math.abs(left - middle) - Math.abs(right - middle))
          .slice(MOST_KEPT)
      );
    for (const number of far) {
      this.loaded.delete(number);
    }
  }

  private readonly loaded = new Map<number, Loaded>();
  /** Answers that wait for the others that are in view. */
  private readonly staged = new Map<number, Loaded>();
  private readonly asked = new Set<number>();
  private _total: number | null = null;
  private _error: unknown = null;
  private from = 0;
  private to = 1;
  private generation = 0;
  private isHalted = false;
  private isDisposed = false;
}

/** Null where a run of the order is neither in the answer nor known from before. */
function merged(answer: Answer, before: Loaded | undefined, generation: number, isTree: boolean): Loaded | null {
  const told = new Map(answer.rows.map(run => [run.id, run]));
  const runs = new Map<string, RunView>();
  const take = (id: string): RunView | undefined => {
    const run = told.get(id) ?? before?.runs.get(id);
    if (run) {
      runs.set(id, run);
    }
    return run;
  };
  for (const id of answer.order) {
    const run = take(id);
    if (!run) {
      return null;
    }
    if (run.parent) {
      take(run.parent);
    }
  }
  return {
    places: arranged(answer.order, runs, isTree),
    runs,
    token: answer.token,
    total: answer.total,
    generation
  };
}
