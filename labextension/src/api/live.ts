import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Client } from './client';
import { ApiError } from './errors';
import type { Changes } from './types';

const SCHEMA = 'nbmlops/changed';
const LEASE_MS = 30_000;

/** What has changed: `runs`, `records`, `jobs`, `files`, `deployments` of the project, and the machine's `packages`. */
export type Kinds = ReadonlySet<string>;

const ALL: Kinds = new Set(['runs', 'records', 'jobs', 'files', 'packages', 'deployments', 'reconcilers']);

/**
 * Tells when the project's stores have changed: by Jupyter's events, which cost nothing, and by asking every 30 s, which
 * keeps the server's watch alive and finds what an event has missed. A hidden page asks nothing, and hears of all that
 * it has missed once it is seen again.
 */
export class Live implements IDisposable {
  constructor(
    private readonly client: Client,
    private readonly stream: Event.Stream
  ) {
    stream.connect(this.onEvent, this);
    this.poll = new Poll({
      auto: false,
      factory: () => this.sync(),
      frequency: { interval: LEASE_MS, backoff: true, max: 300_000 },
      name: 'nbmlops:changes',
      standby: () => (this.watchers > 0 ? 'when-hidden' : true)
    });
    document.addEventListener('visibilitychange', this.onVisibility);
  }

  get changed(): ISignal<this, Kinds> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The folder whose project is shown; relative to the server's root. */
  get folder(): string {
    return this._folder;
  }

  set folder(folder: string) {
    if (folder !== this._folder) {
      this._folder = folder;
      this.rev = null;
      this.wasMissing = false;
      this._project = null;
      if (this.watchers) {
        void this.poll.refresh();
      }
    }
  }

  /** Folder of its project, from the server's root; null while that is not known, and where there is none. */
  get project(): string | null {
    return this._project;
  }

  /** Looks whether there is a project by now: without one, no event tells. */
  seek(): void {
    if (this._project === null && this.watchers && !document.hidden) {
      void this.poll.refresh();
    }
  }

  /** While somebody watches, the server looks at the stores. */
  watch(): IDisposable {
    this.watchers += 1;
    if (this.watchers === 1) {
      void this.poll.start().then(() => this.poll.refresh());
    }
    let isDisposed = false;
    return {
      get isDisposed() {
        return isDisposed;
      },
      dispose: () => {
        if (!isDisposed) {
          isDisposed = true;
          this.watchers -= 1;
          if (!this.watchers) {
            void this.poll.stop();
          }
        }
      }
    };
  }

  /** All that is shown is asked for anew. */
  lookAgain(): void {
    void this.poll.refresh();
    this._changed.emit(ALL);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.stream.disconnect(this.onEvent, this);
    this.poll.dispose();
    Signal.clearData(this);
  }

  /** A poll that is under way is not begun anew: where somebody has gone elsewhere meanwhile, it goes on there. */
  private async sync(): Promise<void> {
    let folder: string;
    do {
      folder = this._folder;
      await this.ask(folder);
    } while (folder !== this._folder);
  }

  private async ask(folder: string): Promise<void> {
    if (document.hidden) {
      return; // a poll goes on once more after the page was hidden
    }
    let found: Changes;
    try {
      found = await this.client.changes(folder, this.rev);
    } catch (error) {
      if (folder !== this._folder) {
        return;
      }
      if (error instanceof ApiError && error.kind === 'project-missing') {
        this.rev = this._project = null;
        this.wasMissing = true;
        return; // there may be one the next time
      }
      throw error;
    }
    const { rev, changed, folder: project } = found;
    if (folder !== this._folder) {
      return;
    }
    const isFirst = this.rev === null;
    this.rev = rev;
    this._project = project;
    if (this.wasMissing) {
      this.wasMissing = false;
      this._changed.emit(ALL);
    } else if (changed.length && !isFirst) {
      this._changed.emit(new Set(changed));
    }
  }

  private onEvent(_: unknown, event: Event.Emission): void {
    if (!event.schema_id.includes(SCHEMA) || !this.watchers || document.hidden) {
      return;
    }
    if (this._project !== null && event['folder'] !== this._project) {
      return;
    }
    this.seek();
    const rev = Number(event['rev']);
    if (this.rev === null || rev > this.rev) {
      this.rev = rev;
      this._changed.emit(new Set((event['changed'] as string[] | undefined) ?? []));
    }
  }

  private readonly onVisibility = (): void => {
    if (!document.hidden && this.watchers) {
      void this.poll.refresh();
    }
  };

  private readonly poll: Poll;
  private readonly _changed = new Signal<this, Kinds>(this);
  private _folder = '';
  private _isDisposed = false;
  private rev: number | null = null;
  private _project: string | null = null;
  private wasMissing = false;
  private watchers = 0;
}
