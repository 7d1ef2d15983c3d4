import { Signal, type ISignal } from '@lumino/signaling';
import type { Client } from './client';
import { ApiError } from './errors';
import { API, type Table, type VerbEntry } from './types';

export type Handshake = 'asking' | 'ready' | 'missing' | 'older' | 'newer' | 'refused' | 'unreachable';

/** The other half: whether it is there, of what version, and its table of verbs. */
export class Server {
  constructor(private readonly client: Client) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get handshake(): Handshake {
    return this._handshake;
  }

  get version(): string {
    return this._table?.version ?? '';
  }

  verb(name: string): VerbEntry | undefined {
    return this._table?.verbs.find(verb => verb.name === name);
  }

  /** Sections whose verbs the table does not hold are not shown. */
  has(...names: string[]): boolean {
    return names.every(name => this.verb(name) !== undefined);
  }

  async greet(): Promise<void> {
    try {
      this._table = await this.client.table();
      const api = this._table.api ?? 0;
      this._handshake = api === API ? 'ready' : api < API ? 'older' : 'newer';
    } catch (error) {
      this._table = null;
      this._handshake = handshakeOf(error);
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _handshake: Handshake = 'asking';
  private _table: Table | null = null;
}

function handshakeOf(error: unknown): Handshake {
  if (!(error instanceof ApiError)) {
    return 'unreachable';
  }
  if (error.isMissingServer) {
    return 'missing';
  }
  return error.status === 401 || error.status === 403 ? 'refused' : 'unreachable';
}
