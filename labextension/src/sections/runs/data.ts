import * as React from 'react';
import { asApiError, type ApiError } from '../../api/errors';
import { useHost } from '../../host';
import { asRequest, type RunsQuery } from '../../model/query';
import { Windows } from '../../model/windows';
import { ShownContext } from '../../parts/hooks';

export interface RunsList {
  windows: Windows;
  /** Grows whenever what the windows hold has changed. */
  version: number;
  error: ApiError | null;
  isLoading: boolean;
  reload: () => void;
}

/**
 * The list of runs, as far as it is in view; always of the newest stores. While the first answer to a new question is
 * on its way, the list of the one before stays. `onShift` hears how far the rows in view have moved.
 */
export function useRunsList(folder: string, query: RunsQuery, onShift: (shift: number) => void): RunsList {
  const { client, live } = useHost();
  const isShown = React.useContext(ShownContext);
  const [version, draw] = React.useReducer((count: number) => count + 1, 0);
  const shift = React.useRef(onShift);
  shift.current = onShift;
  const key = JSON.stringify([folder, query]);
  const asked = React.useMemo(() => {
    const request = asRequest(query);
    return new Windows(
      (offset, limit, known) => client.rows(folder, { ...request, offset, limit, known }),
      query.sort === 'started' && !query.isDeleted,
      by => {
        if (by) {
          shift.current(by);
        }
        draw();
      }
    );
  }, [client, key]);
  const shown = React.useRef({ windows: asked, folder });
  if (asked.total !== null || asked.error || shown.current.folder !== folder) {
    shown.current = { windows: asked, folder };
  }
  React.useEffect(() => {
    asked.look(0, 40);
    return () => asked.dispose();
  }, [asked]);
  React.useEffect(() => {
    if (!isShown) {
      return;
    }
    if (asked.total !== null || asked.error) {
      asked.renew(); // it may have changed while nobody looked
    }
    const listen = (_: unknown, kinds: ReadonlySet<string>): void => {
      if (kinds.has('runs')) {
        asked.renew();
      }
    };
    live.changed.connect(listen);
    return () => {
      live.changed.disconnect(listen);
    };
  }, [asked, live, isShown]);
  return {
    windows: shown.current.windows,
    version,
    error: asked.error ? asApiError(asked.error) : null,
    isLoading: asked.isAsking,
    reload: () => asked.renew()
  };
}
