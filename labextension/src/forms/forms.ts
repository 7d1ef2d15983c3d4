import { Signal, type ISignal } from '@lumino/signaling';
import type { Arguments } from '../api/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Setting } from '../model/settings';

/** A form that is to be filled in. */
export interface Wanted {
  verb: string;
  /** What it begins with. */
  args: Arguments;
  /** Where the verb acts, from the server's root. */
  folder: string;
  /** The kernel that executes it as a magic line; null: the server does it. */
  kernel: NotebookPanel | null;
  /** Parameters that can be set, with what they are by default. */
  parameters: readonly Setting[];
}

/** The one form that is open in the sidebar. */
export class Forms {
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get wanted(): Wanted | null {
    return this._wanted;
  }

  open(wanted: Wanted): void {
    this._wanted = wanted;
    this._changed.emit();
  }

  close(): void {
    this._wanted = null;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _wanted: Wanted | null = null;
}
