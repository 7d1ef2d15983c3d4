import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { PanelLayout } from '@lumino/widgets';
import * as React from 'react';
import type { IDisposable } from '@lumino/disposable';
import type { Host } from '../host';
import { HostContext } from '../host';
import type { NotebookState } from './state';
import { CellStory } from './story';

/**
 * A line below each code cell: its step, whether it is a parameter, dropped or stale, and the run that it made. It is
 * added when the cell is there (a long notebook builds its cells as they come into view), and never touches the model.
 */
export class Badges {
  constructor(private readonly host: Host) {
    host.notebook.changed.connect(this.draw, this);
  }

  get isOn(): boolean {
    return this.watching !== null;
  }

  set isOn(isOn: boolean) {
    if (isOn === this.isOn) {
      return;
    }
    if (isOn) {
      this.watching = this.host.notebook.watch();
    } else {
      this.watching?.dispose();
      this.watching = null;
      for (const badge of this.badges.values()) {
        badge.dispose();
      }
      this.badges.clear();
    }
    this.draw();
  }

  private draw(): void {
    const panel = this.host.notebook.panel;
    if (!this.isOn || !panel || !this.host.notebook.result) {
      return;
    }
    for (const cell of panel.content.widgets) {
      if (cell.model.type === 'code') {
        void this.give(panel, cell);
      }
    }
  }

  private async give(panel: NotebookPanel, cell: Cell): Promise<void> {
    const id = cell.model.id;
    const known = this.badges.get(cell);
    if (known) {
      known.update();
      return;
    }
    if (this.coming.has(cell) || !this.host.notebook.cell(id)) {
      return;
    }
    this.coming.add(cell);
    await cell.ready;
    this.coming.delete(cell);
    if (cell.isDisposed || panel.isDisposed || !this.isOn || this.badges.has(cell)) {
      return;
    }
    const badge = new Badge(this.host, panel, id);
    this.badges.set(cell, badge);
    cell.disposed.connect(() => {
      this.badges.delete(cell);
    });
    (cell.layout as PanelLayout).addWidget(badge);
  }

  private readonly badges = new Map<Cell, Badge>();
  private readonly coming = new WeakSet<Cell>();
  private watching: IDisposable | null = null;
}

class Badge extends ReactWidget {
  constructor(
    private readonly host: Host,
    private readonly panel: NotebookPanel,
    private readonly cell: string
  ) {
    super();
    this.addClass('nbmlops-Badge');
  }

  protected override render(): React.ReactElement {
    const isOfThis = this.host.notebook.panel === this.panel;
    const state = isOfThis ? this.host.notebook.cell(this.cell) : this.last;
    this.last = state;
    return (
      <HostContext.Provider value={this.host}>{state ? <CellStory state={state} /> : <span />}</HostContext.Provider>
    );
  }

  /** While another notebook is in front, what was known last. */
  private last: ReturnType<NotebookState['cell']>;
}
