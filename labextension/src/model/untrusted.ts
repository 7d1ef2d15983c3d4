export interface NotebookDocument {
  cells: { cell_type: string; metadata?: Record<string, unknown>; [name: string]: unknown }[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
  [name: string]: unknown;
}

/** As it may be shown: no cell claims to be trusted, so that no script in its output runs; none can be edited. */
export function untrusted(document: unknown): NotebookDocument | null {
  const found = document as Partial<NotebookDocument> | null;
  if (!found || !Array.isArray(found.cells)) {
    return null;
  }
  return {
    ...found,
    nbformat: found.nbformat ?? 4,
    nbformat_minor: found.nbformat_minor ?? 5,
    metadata: { ...found.metadata },
    cells: found.cells.map(cell => {
      const { trusted: _, ...metadata } = cell.metadata ?? {};
      return { ...cell, metadata: { ...metadata, editable: false, deletable: false } };
    })
  };
}
