import { untrusted } from '../../src/model/untrusted';

describe('an executed notebook', () => {
  it('is trusted in no cell, whatever it says', () => {
    const document = {
      nbformat: 4,
      nbformat_minor: 5,
      metadata: { kernelspec: { name: 'python3' } },
      cells: [
        { cell_type: 'code', source: '1', metadata: { trusted: true, tags: ['step'] }, outputs: [] },
        { cell_type: 'markdown', source: '# x' }
      ]
    };
    const shown = untrusted(document)!;
    expect(shown.cells.map(cell => cell.metadata)).toEqual([
      { tags: ['step'], editable: false, deletable: false },
      { editable: false, deletable: false }
    ]);
    expect(document.cells[0].metadata?.trusted).toBe(true);
  });

  it('is none where there are no cells', () => {
    expect(untrusted(null)).toBeNull();
    expect(untrusted({ nbformat: 3, worksheets: [] })).toBeNull();
  });
});
