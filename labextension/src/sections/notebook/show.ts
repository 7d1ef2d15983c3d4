import type { NotebookPanel } from '@jupyterlab/notebook';

/** Brings a cell into view and makes it the active one. */
export function showCell(panel: NotebookPanel, index: number): void {
  const notebook = panel.content;
  if (index >= 0 && index < notebook.widgets.length) {
    notebook.activeCellIndex = index;
    notebook.deselectAll();
    void notebook.scrollToItem(index, 'smart');
  }
}
