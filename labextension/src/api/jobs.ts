import { Signal, type ISignal } from '@lumino/signaling';
import type { Arguments, Client, VerbName } from './client';
import { ApiError } from './errors';
import type { Live } from './live';
import type { Job, JobDetail, Verbs } from './types';

const ENDED: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled']);

export function hasEnded(job: Job): boolean {
  return ENDED.has(job.state);
}

/** The jobs of the server: those of other tabs, and those from before a reload, too. */
export class Jobs {
  constructor(
    private readonly client: Client,
    live: Live
  ) {
    live.changed.connect((_, kinds) => {
      if (kinds.has('jobs')) {
        void this.refresh();
      }
    });
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** One by one, as they end while this page looks. */
  get ended(): ISignal<this, Job> {
    return this._ended;
  }

  /** The newest first. */
  get all(): readonly Job[] {
    return this._all;
  }

  get running(): readonly Job[] {
    return this._all.filter(job => !hasEnded(job));
  }

  async start(verb: VerbName, folder: string, args: Arguments): Promise<Job> {
    const job = await this.client.startJob(verb, folder, args);
    this._all = [job, ...this._all.filter(each => each.id !== job.id)];
    this._changed.emit();
    return job;
  }

  /** Its result. Throws ApiError where it fails or is cancelled. */
  async run<V extends VerbName>(verb: V, folder: string, args: Verbs[V]['request']): Promise<Verbs[V]['result']> {
    const started = await this.start(verb, folder, args as Arguments);
    const { job, result } = await this.wait(started.id);
    if (job.state === 'done') {
      return result as Verbs[V]['result'];
    }
    throw new ApiError(0, job.error?.kind ?? job.state, job.error?.message ?? `${verb} was stopped.`, job.error?.hint);
  }

  wait(id: string): Promise<JobDetail> {
    const known = this._all.find(job => job.id === id && hasEnded(job));
    if (known) {
      return this.client.job(id);
    }
    return new Promise((resolve, reject) => {
      const listen = (_: this, job: Job): void => {
        if (job.id === id) {
          this._ended.disconnect(listen);
          this.client.job(id).then(resolve, reject);
        }
      };
      this._ended.connect(listen);
      void this.refresh();
    });
  }

  async cancel(id: string): Promise<void> {
    await this.client.cancel(id);
    await this.refresh();
  }

  /** Asks anew; what comes back out of order is left out. */
  async refresh(): Promise<void> {
    const turn = ++this.turn;
    let found: Job[];
    try {
      found = await this.client.jobs();
    } catch {
      return; // the panel says that the server does not answer
    }
    if (turn < this.shown) {
      return;
    }
    this.shown = turn;
    const before = new Map(this._all.map(job => [job.id, job]));
    this._all = found;
    this._changed.emit();
    for (const job of found) {
      const earlier = before.get(job.id);
      if (hasEnded(job) && earlier && !hasEnded(earlier)) {
        this._ended.emit(job);
      }
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, Job>(this);
  private _all: readonly Job[] = [];
  private turn = 0;
  private shown = 0;
}
