import { useHost } from '../../host';
import { useFetched } from '../../parts/hooks';

/** Metrics, parameters and experiments that there are. */
export interface Names {
  metrics: readonly string[];
  params: readonly string[];
  experiments: readonly string[];
}

const NOTHING: Names = { metrics: [], params: [], experiments: [] };

/** Asked for when somebody wants to choose among them. */
export function useNames(folder: string, isWanted: boolean): Names {
  const { client } = useHost();
  const key = isWanted ? JSON.stringify(['names', folder]) : null;
  const { data } = useFetched(key, [], () => client.call('runs', folder, { columns: true, limit: 0 }));
  return data?.columns ?? NOTHING;
}
