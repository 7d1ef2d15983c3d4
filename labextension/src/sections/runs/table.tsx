import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';
import type { RunView } from '../../api/types';
import { useHost } from '../../host';
import type { Column } from '../../model/columns';
import { followed, modeOf, moved, pick, type Cursor, type Mode, type Picked } from '../../model/picked';
import { sortedBy, type RunsQuery } from '../../model/query';
import { Now } from '../../parts/now';
import type { RunsList } from './data';
import { TableHead } from './head';
import { ROW, RunRow } from './row';
import { useSparks } from './sparks';

const HEAD = 26;
const CHECK = 24;
const NAME = 84;
const NAME_WIDE = 190;
/** Rows that a fling passes between two drawings; what it passes is not asked for. */
const FLING = 200;
const FLING_MS = 80;

export interface TableProps {
  list: RunsList;
  folder: string;
  query: RunsQuery;
  onQuery: (query: RunsQuery) => void;
  columns: readonly Column[];
  isWide: boolean;
  /** The one whose course is drawn. */
  metric: string;
  picked: Picked;
  onPicked: (picked: Picked) => void;
  onOpen: (run: RunView) => void;
  onMenu: (runs: RunView[], x: number, y: number) => void;
  /** What moves the view when rows come in above it. */
  shift: React.MutableRefObject<(by: number) => void>;
}

/** The runs in a grid of which only what is in view exists. */
export function RunTable(props: TableProps): React.ReactElement {
  const { list, columns, picked } = props;
  const { windows } = list;
  const { trans } = useHost();
  const uid = React.useId();
  const scroller = React.useRef<HTMLDivElement>(null);
  const total = windows.total ?? 0;
  const virtual = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 4,
    paddingStart: HEAD,
    scrollPaddingStart: HEAD
  });
  const items = virtual.getVirtualItems();
  const from = items[0]?.index ?? 0;
  const to = (items[items.length - 1]?.index ?? 30) + 1;
  const lastFrom = React.useRef(from);
  React.useEffect(() => {
    const isFling = Math.abs(from - lastFrom.current) > FLING;
    lastFrom.current = from;
    if (!isFling) {
      windows.look(from, to);
      return;
    }
    const timer = window.setTimeout(() => windows.look(from, to), FLING_MS);
    return () => window.clearTimeout(timer);
  }, [windows, from, to, total]);

  const [lastCursor, move] = React.useState<Cursor>({ index: 0, id: null });
  const toShift = React.useRef(0);
  props.shift.current = by => {
    if (scroller.current && scroller.current.scrollTop > 0) {
      toShift.current += by;
    }
    move(before => (before.id === null ? before : { index: before.index + by, id: before.id }));
  };
  React.useLayoutEffect(() => {
    // Only now the grid is as high as its new length asks for.
    if (scroller.current && toShift.current) {
      scroller.current.scrollTop += toShift.current * ROW;
    }
    toShift.current = 0;
  });
  const questions = JSON.stringify(props.query);
  const isFirst = React.useRef(true);
  React.useEffect(() => {
    if (!isFirst.current) {
      scroller.current?.scrollTo({ top: 0 });
      move({ index: 0, id: null });
    }
    isFirst.current = false;
  }, [questions]);

  const idAt = (index: number): string | null => windows.at(index)?.run.id ?? null;
  const cursor = followed(lastCursor, total, id => windows.indexOf(id), idAt);
  const [hasFocus, setFocus] = React.useState(false);
  React.useEffect(() => {
    if (hasFocus && cursor !== lastCursor) {
      move(cursor); // a row that was not here when the keyboard came to it has its run now
    }
  });

  const between = (first: string, last: string): string[] => {
    const [start, end] = [windows.indexOf(first), windows.indexOf(last)].sort((left, right) => left - right);
    if (start < 0) {
      return [last];
    }
    return Array.from({ length: end - start + 1 }, (_, step) => idAt(start + step)).filter(id => id !== null);
  };
  const choose = (index: number, mode: Mode): void => {
    const id = idAt(index);
    move({ index, id });
    if (id !== null) {
      props.onPicked(pick(picked, id, mode, between));
    }
  };
  const pickedRuns = (): RunView[] => picked.ids.map(id => windows.run(id)).filter(run => run !== null);

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.target !== scroller.current) {
      return;
    }
    const page = Math.max(1, Math.floor((scroller.current.clientHeight - HEAD) / ROW) - 1);
    const next = moved(event.key, cursor.index, total, page);
    const run = windows.at(cursor.index)?.run;
    if (next !== null) {
      if (event.shiftKey) {
        const begun = picked.anchor === null && run ? pick(picked, run.id, 'only', between) : picked;
        const id = idAt(next);
        move({ index: next, id });
        if (id !== null) {
          props.onPicked(pick(begun, id, 'range', between));
        }
      } else {
        move({ index: next, id: idAt(next) });
      }
      virtual.scrollToIndex(next);
    } else if (event.key === ' ') {
      choose(cursor.index, event.shiftKey ? 'range' : 'toggle');
    } else if (event.key === 'Enter' && run) {
      props.onOpen(run);
    } else if (event.key === 'Escape' && picked.ids.length) {
      props.onPicked({ ids: [], anchor: null });
    } else if ((event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) && run) {
      const box = scroller.current.querySelector(`[data-index="${cursor.index}"]`)?.getBoundingClientRect();
      const isPicked = picked.ids.includes(run.id);
      props.onMenu(isPicked ? pickedRuns() : [run], (box?.left ?? 0) + 40, box?.bottom ?? 0);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onClick = (event: React.MouseEvent): void => {
    const index = rowOf(event.target);
    if (index !== null) {
      const isBox = (event.target as Element).closest('.nbmlops-Runs-check') !== null;
      choose(index, isBox && !event.shiftKey ? 'toggle' : modeOf(event));
    }
  };
  const onDoubleClick = (event: React.MouseEvent): void => {
    const index = rowOf(event.target);
    const run = index === null ? null : windows.at(index)?.run;
    if (run && !(event.target as Element).closest('.nbmlops-Runs-check')) {
      props.onOpen(run);
    }
  };
  const onContextMenu = (event: React.MouseEvent): void => {
    const index = rowOf(event.target);
    const run = index === null ? null : windows.at(index)?.run;
    if (!run || event.shiftKey) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const isPicked = picked.ids.includes(run.id);
    if (!isPicked) {
      choose(index!, 'only');
    }
    props.onMenu(isPicked ? pickedRuns() : [run], event.clientX, event.clientY);
  };

  const hasSpark = columns.some(column => column.kind === 'spark');
  const rows = items.map(item => ({ item, found: windows.at(item.index) }));
  const points = useSparks(
    props.folder,
    hasSpark ? props.metric : '',
    rows.flatMap(row => (row.found ? [row.found.run] : [])),
    virtual.isScrolling
  );
  const name = props.isWide ? NAME_WIDE : NAME;
  const width = CHECK + name + columns.reduce((sum, each) => sum + each.width, 0);
  const template = `${CHECK}px minmax(${name}px, 1fr) ${columns.map(each => `${each.width}px`).join(' ')}`;
  const isHere = items.some(item => item.index === cursor.index);
  return (
    <Now every={10_000}>
      <div
        className="nbmlops-Runs-grid"
        ref={scroller}
        role="treegrid"
        aria-label={trans.__('Runs')}
        aria-rowcount={total + 1}
        aria-colcount={columns.length + 2}
        aria-multiselectable="true"
        aria-busy={windows.total === null}
        aria-activedescendant={hasFocus && isHere ? `${uid}-${cursor.index}` : undefined}
        tabIndex={0}
        style={{ '--nbmlops-columns': template } as React.CSSProperties}
        onKeyDown={onKeyDown}
        onFocus={event => setFocus(event.target === scroller.current)}
        onBlur={() => setFocus(false)}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
        onContextMenu={onContextMenu}
      >
        <div
          role="presentation"
          style={{ height: virtual.getTotalSize() || HEAD, minWidth: width, position: 'relative' }}
        >
          <TableHead
            columns={columns}
            metric={props.metric}
            query={props.query}
            onSort={sort => props.onQuery(sortedBy(props.query, sort))}
          />
          {/* One place for all rows, and rows that are drawn over: moving each would cost ten times as much. */}
          <div
            role="presentation"
            className="nbmlops-Runs-rows"
            style={{ transform: `translateY(${(items[0]?.start ?? HEAD) - HEAD}px)` }}
          >
            {rows.map(({ item, found }, place) => (
              <RunRow
                key={place}
                id={`${uid}-${item.index}`}
                index={item.index}
                run={found?.run ?? null}
                depth={found?.depth ?? 0}
                outer={
                  found?.run.parent && !found.depth ? (windows.run(found.run.parent)?.name ?? found.run.parent) : ''
                }
                columns={columns}
                points={found ? points(found.run.id) : null}
                isPicked={found !== null && picked.ids.includes(found.run.id)}
                isCursor={hasFocus && item.index === cursor.index}
              />
            ))}
          </div>
        </div>
      </div>
    </Now>
  );
}

function rowOf(target: EventTarget): number | null {
  const row = (target as Element).closest<HTMLElement>('[data-index]');
  return row ? Number(row.dataset['index']) : null;
}
