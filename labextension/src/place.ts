import { PathExt } from '@jupyterlab/coreutils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Signal, type ISignal } from '@lumino/signaling';

/** Where the user is: the notebook in front, else the folder of the file browser. */
export class Place {
  constructor(
    private readonly notebooks: INotebookTracker | null,
    private readonly browser: IDefaultFileBrowser | null
  ) {
    notebooks?.currentChanged.connect(this.update, this);
    browser?.model.pathChanged.connect(this.update, this);
    this.update();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get panel(): NotebookPanel | null {
    return this._panel;
  }

  /** Of the notebook, from the server's root; empty where there is none. */
  get notebook(): string {
    return this._panel ? localPath(this._panel.context.path) : '';
  }

  /** From the server's root. */
  get folder(): string {
    return this._folder;
  }

  private update(): void {
    const panel = this.notebooks?.currentWidget ?? null;
    if (panel !== this._panel) {
      this._panel?.context.pathChanged.disconnect(this.update, this);
      panel?.context.pathChanged.connect(this.update, this);
    }
    const folder = panel ? PathExt.dirname(localPath(panel.context.path)) : localPath(this.browser?.model.path ?? '');
    const isSame = panel === this._panel && folder === this._folder;
    this._panel = panel;
    this._folder = folder;
    if (!isSame) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _panel: NotebookPanel | null = null;
  private _folder = '';
}

/** Without the name of the drive: `RTC:a/b.ipynb` is `a/b.ipynb`. */
export function localPath(path: string): string {
  const colon = path.indexOf(':');
  return colon >= 0 && !path.slice(0, colon).includes('/') ? path.slice(colon + 1) : path;
}
