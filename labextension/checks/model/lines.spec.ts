import { folded, lineDiff, unifiedLines } from '../../src/model/lines';

const MARK = { same: ' ', added: '+', removed: '-', place: '@' };

function shown(before: string, after: string): string[] {
  return lineDiff(before, after).map(line => MARK[line.kind] + line.text);
}

describe('lines that changed', () => {
  it('as few as there are', () => {
    expect(shown('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([' a', '-b', '+x', ' c', '+d']);
    expect(shown('a\nb\nc\nd', 'b\nc\nd')).toEqual(['-a', ' b', ' c', ' d']);
    expect(shown('', 'a\n')).toEqual(['+a']);
    expect(shown('a', '')).toEqual(['-a']);
    expect(shown('a\na', 'a')).toEqual([' a', '-a']);
  });

  it('of texts too long to find the fewest are all', () => {
    const old = Array.from({ length: 3000 }, (_, index) => `old ${index}`).join('\n');
    const now = Array.from({ length: 3000 }, (_, index) => `new ${index}`).join('\n');
    const kinds = lineDiff(old, now).map(line => line.kind);
    expect(kinds.filter(kind => kind === 'removed')).toHaveLength(3000);
    expect(kinds.filter(kind => kind === 'added')).toHaveLength(3000);
  });

  it('with some lines around, and a gap for the rest', () => {
    const text = Array.from({ length: 20 }, (_, index) => String(index)).join('\n');
    const lines = folded(lineDiff(text, text.replace('10', 'ten')), 2);
    expect(lines.map(line => (line ? line.text : '…'))).toEqual(['…', '8', '9', '10', 'ten', '11', '12', '…']);
  });

  it('of a unified diff', () => {
    const text = '--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n';
    expect(unifiedLines(text)).toEqual([
      { kind: 'place', text: '@@ -1 +1 @@' },
      { kind: 'removed', text: 'x' },
      { kind: 'added', text: 'y' },
      { kind: 'same', text: 'z' }
    ]);
  });
});
