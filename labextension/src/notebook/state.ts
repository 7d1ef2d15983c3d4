import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Client } from '../api/client';
import { asApiError, type ApiError } from '../api/errors';
import type { Live } from '../api/live';
import type { Cell as CellState, CellsResult, EditorCell } from '../api/types';
import type { Place } from '../place';

const PATIENCE_MS = 400;

/**
 * What each cell of the notebook in front is. Asked of the server with the sources that the editor holds, saved or not;
 * outputs stay here. Asked anew when a source or a tag changes and when a cell has run, while somebody watches.
 */
export class NotebookState {
  constructor(
    private readonly client: Client,
    private readonly live: Live,
    private readonly place: Place
  ) {
    place.changed.connect(this.follow, this);
    live.changed.connect((_, kinds) => {
      if (kinds.has('records') || kinds.has('runs') || kinds.has('files')) {
        this.later();
      }
    });
    // What a hidden page has left out.
    document.addEventListener('visibilitychange', () => this.later());
    this.debouncer = new Debouncer(() => this.ask(), PATIENCE_MS);
    this.follow();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get panel(): NotebookPanel | null {
    return this._panel;
  }

  /** The last answer about this notebook. */
  get result(): CellsResult | null {
    return this._result;
  }

  get error(): ApiError | null {
    return this._error;
  }

  get isLoading(): boolean {
    return this._isLoading;
  }

  cell(id: string): CellState | undefined {
    return this.byId.get(id);
  }

  /** Whether it is told why this cell stays or goes. */
  isTold(id: string): boolean {
    return this.told.has(id);
  }

  tell(id: string, isTold: boolean): void {
    if (isTold) {
      this.told.add(id);
    } else {
      this.told.delete(id);
    }
    this._changed.emit();
  }

  /** Which of the colours a step has. */
  colour(step: string): number {
    return this._result?.steps.findIndex(each => each.name === step) ?? -1;
  }

  watch(): IDisposable {
    const watching = this.live.watch();
    this.watchers += 1;
    this.soon();
    return {
      get isDisposed() {
        return watching.isDisposed;
      },
      dispose: () => {
        if (!watching.isDisposed) {
          watching.dispose();
          this.watchers -= 1;
        }
      }
    };
  }

  later(): void {
    if (this.watchers && this._panel && !document.hidden) {
      void this.debouncer.invoke();
    }
  }

  /** At once where nothing is known yet: there is no typing to wait for. */
  private soon(): void {
    const isNew = this._result === null && !this._isLoading && this._panel?.context.isReady === true;
    if (isNew && this.watchers) {
      void this.ask();
    } else {
      this.later();
    }
  }

  private follow(): void {
    const panel = this.place.panel;
    if (panel === this._panel) {
      return;
    }
    this._panel?.context.model.contentChanged.disconnect(this.later, this);
    this._panel = panel;
    this.keep(null, null);
    panel?.context.model.contentChanged.connect(this.later, this);
    void panel?.context.ready.then(() => this.soon());
  }

  private async ask(): Promise<void> {
    const panel = this._panel;
    const model = panel?.content.model;
    if (!panel || !model || panel.isDisposed || document.hidden || !this.watchers) {
      return;
    }
    const cells: EditorCell[] = [];
    for (let index = 0; index < model.cells.length; index += 1) {
      const cell = model.cells.get(index);
      const count = cell.type === 'code' ? (cell as unknown as { executionCount: number | null }).executionCount : null;
      cells.push({
        id: cell.id,
        kind: cell.type as EditorCell['kind'],
        source: cell.sharedModel.getSource(),
        tags: (cell.getMetadata('tags') as string[] | undefined) ?? [],
        count
      });
    }
    const turn = ++this.turn;
    this._isLoading = true;
    this._changed.emit();
    const path = this.place.notebook;
    try {
      const result = await this.client.cells({
        folder: this.place.folder,
        notebook: path.slice(path.lastIndexOf('/') + 1),
        language: model.defaultKernelLanguage || 'python',
        kernel: panel.sessionContext.session?.kernel?.id ?? '',
        cells
      });
      if (turn === this.turn && panel === this._panel) {
        this.keep(result, null);
        this.live.seek();
      }
    } catch (problem) {
      if (turn === this.turn && panel === this._panel) {
        this.keep(this._result, asApiError(problem));
      }
    }
  }

  private keep(result: CellsResult | null, error: ApiError | null): void {
    this._result = result;
    this._error = error;
    this._isLoading = false;
    this.byId = new Map(result?.cells.map(cell => [cell.id, cell]));
    this._changed.emit();
  }

  private readonly debouncer: Debouncer;
  private readonly _changed = new Signal<this, void>(this);
  private _panel: NotebookPanel | null = null;
  private _result: CellsResult | null = null;
  private _error: ApiError | null = null;
  private _isLoading = false;
  private byId = new Map<string, CellState>();
  private readonly told = new Set<string>();
  private watchers = 0;
  private turn = 0;
}
