export interface Line {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

const MOST_CELLS = 4_000_000;

/** Which lines went and came: the fewest that do, unless the texts are too long to find out. */
export function lineDiff(before: string, after: string): Line[] {
  const old = lines(before);
  const now = lines(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) {
    start += 1;
  }
  let end = 0;
  while (
    end < old.length - start &&
    end < now.length - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  ) {
    end += 1;
  }
  const middle = changed(old.slice(start, old.length - end), now.slice(start, now.length - end));
  const same = (text: string): Line => ({ kind: 'same', text });
  return [...old.slice(0, start).map(same), ...middle, ...old.slice(old.length - end).map(same)];
}

function lines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function changed(old: readonly string[], now: readonly string[]): Line[] {
  const removed = old.map((text): Line => ({ kind: 'removed', text }));
  const added = now.map((text): Line => ({ kind: 'added', text }));
  if (!old.length || !now.length || old.length * now.length > MOST_CELLS) {
    return [...removed, ...added];
  }
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        old[i] === now[j]
          ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const found: Line[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      found.push({ kind: 'same', text: old[i++] });
      j += 1;
    } else if (j >= now.length || (i < old.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
      found.push(removed[i++]);
    } else {
      found.push(added[j++]);
    }
  }
  return found;
}

/** Lines of a unified diff, without its head. */
export function unifiedLines(text: string): (Line | { kind: 'place'; text: string })[] {
  return lines(text)
    .filter(line => !line.startsWith('--- ') && !line.startsWith('+++ '))
    .map(line => {
      const kind = ({ '+': 'added', '-': 'removed', '@': 'place' } as const)[line[0]] ?? 'same';
      return { kind, text: kind === 'place' ? line : line.slice(1) };
    });
}

/** Long unchanged stretches shortened to some lines around what has changed; null stands for what is left out. */
export function folded(all: readonly Line[], around = 3): (Line | null)[] {
  const near = all.map((_, index) =>
    all.slice(Math.max(0, index - around), index + around + 1).some(line => line.kind !== 'same')
  );
  const found: (Line | null)[] = [];
  all.forEach((line, index) => {
    if (near[index]) {
      found.push(line);
    } else if (found[found.length - 1] !== null) {
      found.push(null);
    }
  });
  return found;
}
