/** A node of a pipeline's graph: a step. */
export interface GraphNode {
  id: string;
  needs: readonly string[];
}

export interface Placed {
  id: string;
  /** Of the upper left corner, in pixels. */
  x: number;
  y: number;
}

export interface Line {
  source: string;
  target: string;
  /** What an SVG path is drawn with. */
  path: string;
  /** Where a word on the line goes. */
  labelX: number;
  labelY: number;
  /** It goes around what stands between: there is no room for words. */
  isLong: boolean;
}

export interface Layout {
  nodes: Placed[];
  lines: Line[];
  width: number;
  height: number;
  /** Of a node: less where many stand side by side. */
  nodeWidth: number;
}

export interface Measures {
  /** Of the whole picture. */
  width: number;
  nodeHeight: number;
  /** Between two layers; words on lines go here. */
  gap: number;
  margin: number;
  widest: number;
}

export const MEASURES: Measures = {
  width: 280,
  nodeHeight: 40,
  gap: 30,
  margin: 8,
  widest: 200
};

/**
 * A layered drawing from top to bottom: a step stands below all that it needs, and layers are ordered so that few lines
 * cross (Sugiyama, Tagawa and Toda, 1981: longest paths, then medians of neighbours). Needs that are no nodes and needs
 * in a circle are left out: the picture of a broken pipeline is still a picture.
 */
export function layoutOf(nodes: readonly GraphNode[], measures: Partial<Measures> = {}): Layout {
  const m = { ...MEASURES, ...measures };
  const layers = ordered(layersOf(nodes), nodes);
  const most = Math.max(1, ...layers.map(layer => layer.length));
  const room = (m.width - 2 * m.margin - (most - 1) * m.margin) / most;
  const nodeWidth = Math.max(40, Math.min(m.widest, room));
  const width = Math.max(m.width, most * (nodeWidth + m.margin) + m.margin);
  const places = new Map<string, Placed>();
  layers.forEach((layer, depth) => {
    const taken = layer.length * nodeWidth + (layer.length - 1) * m.margin;
    layer.forEach((id, position) => {
      places.set(id, {
        id,
        x: (width - taken) / 2 + position * (nodeWidth + m.margin),
        y: m.margin + depth * (m.nodeHeight + m.gap)
      });
    });
  });
  const lines: Line[] = [];
  for (const node of nodes) {
    const to = places.get(node.id)!;
    for (const need of new Set(node.needs)) {
      const from = places.get(need);
      if (from && from.y < to.y) {
        lines.push(lineBetween(from, to, nodeWidth, m));
      }
    }
  }
  const height = 2 * m.margin + layers.length * m.nodeHeight + Math.max(0, layers.length - 1) * m.gap;
  return { nodes: [...places.values()], lines, width, height, nodeWidth };
}

function lineBetween(from: Placed, to: Placed, nodeWidth: number, m: Measures): Line {
  const x1 = from.x + nodeWidth / 2;
  const y1 = from.y + m.nodeHeight;
  const x2 = to.x + nodeWidth / 2;
  const y2 = to.y;
  const isLong = y2 - y1 > m.gap + 1;
  // A line over several layers goes around what stands between.
  const side = isLong ? nodeWidth / 2 + m.margin : 0;
  const middle = (y1 + y2) / 2;
  const path = isLong
    ? `M${x1},${y1} C${x1 + side},${y1 + m.gap} ${x1 + side},${y1 + m.gap} ${x1 + side},${middle} S${x2 + side},${y2 - m.gap} ${x2},${y2}`
    : `M${x1},${y1} C${x1},${middle} ${x2},${middle} ${x2},${y2}`;
  return {
    source: from.id,
    target: to.id,
    path,
    labelX: (x1 + x2) / 2,
    labelY: middle,
    isLong
  };
}

/** Ids by the length of the longest way from a node that needs nothing. */
function layersOf(nodes: readonly GraphNode[]): string[][] {
  const known = new Map(nodes.map(node => [node.id, node]));
  const depths = new Map<string, number>();
  const open = new Set<string>();
  const depthOf = (id: string): number => {
    const found = depths.get(id);
    if (found !== undefined) {
      return found;
    }
    open.add(id);
    let depth = 0;
    for (const need of known.get(id)!.needs) {
      if (known.has(need) && !open.has(need)) {
        depth = Math.max(depth, depthOf(need) + 1);
      }
    }
    open.delete(id);
    depths.set(id, depth);
    return depth;
  };
  const layers: string[][] = [];
  for (const node of nodes) {
    (layers[depthOf(node.id)] ??= []).push(node.id);
  }
  return layers;
}

const SWEEPS = 4;

/** The same layers, each ordered by where its neighbours stand: down, then up, a few times. */
function ordered(layers: string[][], nodes: readonly GraphNode[]): string[][] {
  const needs = new Map(nodes.map(node => [node.id, [...node.needs]]));
  const needed = new Map<string, string[]>();
  for (const node of nodes) {
    for (const need of node.needs) {
      needed.set(need, [...(needed.get(need) ?? []), node.id]);
    }
  }
  const result = layers.map(layer => [...layer]);
  const share = new Map<string, number>();
  const measure = (layer: string[]): void =>
    layer.forEach((id, position) => share.set(id, (position + 0.5) / layer.length));
  result.forEach(measure);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isDown = sweep % 2 === 0;
    const neighbours = isDown ? needs : needed;
    for (const layer of isDown ? result : [...result].reverse()) {
      const wish = new Map(
        layer.map(id => {
          const around = (neighbours.get(id) ?? []).map(each => share.get(each)).filter(each => each !== undefined);
          return [id, around.length ? around.reduce((sum, each) => sum + each, 0) / around.length : share.get(id)!];
        })
      );
      layer.sort((a, b) => wish.get(a)! - wish.get(b)!);
      measure(layer);
    }
  }
  return result;
}
