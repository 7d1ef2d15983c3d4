import { layoutOf, type GraphNode } from '../../src/model/graph';

const place = (nodes: GraphNode[], width = 300): Map<string, { x: number; y: number }> =>
  new Map(layoutOf(nodes, { width }).nodes.map(node => [node.id, node]));

describe('the picture of a pipeline', () => {
  it('puts a step below all that it needs', () => {
    const at = place([
      { id: 'evaluate', needs: ['train', 'load'] },
      { id: 'load', needs: [] },
      { id: 'train', needs: ['prepare'] },
      { id: 'prepare', needs: ['load'] }
    ]);
    const order = ['load', 'prepare', 'train', 'evaluate'].map(id => at.get(id)!.y);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(order).size).toBe(4);
  });

  it('puts branches side by side, apart from each other and inside of the picture', () => {
    const nodes = [
      { id: 'load', needs: [] },
      ...['a', 'b', 'c'].map(id => ({ id, needs: ['load'] })),
      { id: 'join', needs: ['a', 'b', 'c'] }
    ];
    const layout = layoutOf(nodes, { width: 300 });
    const row = layout.nodes.filter(node => 'abc'.includes(node.id)).sort((one, two) => one.x - two.x);
    expect(new Set(row.map(node => node.y)).size).toBe(1);
    row.slice(1).forEach((node, index) => expect(node.x).toBeGreaterThanOrEqual(row[index].x + layout.nodeWidth));
    expect(row[0].x).toBeGreaterThanOrEqual(0);
    expect(row[2].x + layout.nodeWidth).toBeLessThanOrEqual(layout.width);
    expect(layout.lines).toHaveLength(6);
  });

  it('orders layers so that lines do not cross where they need not', () => {
    const at = place([
      { id: 'left', needs: [] },
      { id: 'right', needs: [] },
      { id: 'of-right', needs: ['right'] },
      { id: 'of-left', needs: ['left'] }
    ]);
    expect(at.get('left')!.x < at.get('right')!.x).toBe(at.get('of-left')!.x < at.get('of-right')!.x);
  });

  it('draws what is broken as well: unknown needs, circles, nothing at all', () => {
    expect(layoutOf([]).nodes).toEqual([]);
    expect(layoutOf([{ id: 'a', needs: ['gone'] }]).lines).toEqual([]);
    const circle = layoutOf([
      { id: 'a', needs: ['b'] },
      { id: 'b', needs: ['a'] }
    ]);
    expect(circle.nodes.map(node => node.id).sort()).toEqual(['a', 'b']);
  });
});
